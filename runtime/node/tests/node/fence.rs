//! An agent tries what it may not, one attempt a process, each within a whole fence.
//!
//! The agent is CPython, so that a program that is neither static nor made for it is seen to run. It
//! takes root and a network namespace; where those are not permitted, one line says so.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloister_attestation::bytes::Digest48;
use cloister_guest::fence::kernel_log::KernelLog;
use cloister_guest::fence::{Namespace, OUTSIDE, Plan, Scratch};
use cloister_node::phase::Phase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::node::{CLOISTERD, Image};
use crate::world::World;

const PYTHON: &str = "/usr/bin/python3";
/// Users from here on are nobody else's on the machine that runs the tests. Each test has its own: the
/// kernel counts the processes of a user.
const USERS: u32 = 1_000_000;
const PORT: u16 = 9_000;
const PROCESSES: u32 = 12;
const MEMORY: u64 = 256 << 20;

/// The kernel writes no more than ten lines in five seconds, whoever they are about: what else ends
/// processes on this machine takes lines from the test, which then asks again.
const KERNEL_INTERVAL: Duration = Duration::from_millis(5_100);
const LINES: usize = 8;
const ROUNDS: usize = 8;

/// What an attempt has to come to.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It succeeds.
    Done,
    /// It fails, with this name of an error.
    Denied(&'static str),
    /// The process is ended, and the kernel names this call.
    Ended(&'static str),
}
use Fate::{Denied, Done, Ended};

/// `name, what it runs, what it has to come to`.
const ATTEMPTS: &[(&str, &str, Fate)] = &[
    ("compute", "sum(range(1000))", Done),
    ("threads", "t = threading.Thread(target=print); t.start(); t.join()", Done),
    ("processes", "os.waitpid(os.fork() or os._exit(0), 0)", Done),
    ("randomness", "assert len(os.urandom(8)) == 8", Done),
    ("own scratch", "open('/tmp/x', 'w').write('x')", Done),
    ("its own name", "assert 'localhost' in open('/etc/hosts').read()", Done),
    ("its own words", "assert not [it for it in os.environ if 'MIMALLOC' in it]", Done),
    ("own port", "socket.create_server(('127.0.0.1', 9000))", Done),
    ("a file outside", "open('/etc/shadow')", Denied("ENOENT")),
    ("another process", "open('/proc/1/environ')", Denied("ENOENT")),
    ("memory of the machine", "open('/dev/mem')", Denied("ENOENT")),
    ("a setting of the kernel", "open('/proc/sys/kernel/hostname')", Denied("ENOENT")),
    ("write to the root", "open('/x', 'w')", Denied("EROFS")),
    ("write to a program", "open('/usr/bin/python3', 'r+')", Denied("EACCES")),
    ("too much scratch", "open('/tmp/x', 'wb').write(bytes(2 << 20))", Denied("ENOSPC")),
    (
        "execute what was written",
        "shutil.copy('/usr/bin/true', '/tmp/x'); os.chmod('/tmp/x', 0o755); os.execv('/tmp/x', ['x'])",
        Denied("EACCES"),
    ),
    ("a foreign port", "socket.create_server(('127.0.0.1', 9001))", Denied("EACCES")),
    (
        "an address outside",
        "socket.create_connection(('192.0.2.1', 443), 5)",
        Denied("ENETUNREACH"),
    ),
    ("a name", "socket.getaddrinfo('example.org', 443)", Denied("gaierror")),
    ("become root", "os.setuid(0)", Denied("ENOSYS")),
    ("a program in memory", "os.memfd_create('x')", Denied("ENOSYS")),
    ("a ring", "call(425, 8, 0)", Denied("ENOSYS")),
    ("too many processes", "[os.fork() or time.sleep(9) for _ in range(64)]", Denied("EAGAIN")),
    ("too much memory", "bytearray(1 << 30)", Denied("MemoryError")),
    ("write and execute", "mmap.mmap(-1, 4096, prot=7)", Ended("mmap")),
    ("trace", "call(101, 0, 0, 0, 0)", Ended("ptrace")),
    ("mount", "call(165, 0, 0, 0, 0, 0)", Ended("mount")),
    ("new namespaces", "call(272, 0x10000000)", Ended("unshare")),
    ("a child in new namespaces", "call(56, 0x10000011, 0, 0, 0, 0)", Ended("clone")),
    ("another kernel", "call(246, 0, 0, 0, 0)", Ended("kexec_load")),
    ("a program for the kernel", "call(321, 0, 0, 0)", Ended("bpf")),
    ("a module", "call(313, 0, 0, 0)", Ended("finit_module")),
    ("the clock", "call(227, 0, 0)", Ended("clock_settime")),
    ("a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", Ended("socket")),
    ("a packet socket", "socket.socket(17, socket.SOCK_DGRAM)", Ended("socket")),
    ("a socket to the host", "socket.socket(40, socket.SOCK_STREAM)", Ended("socket")),
];

/// Says how an attempt ended: `done`, or the name of the error.
const FRAME: &str = "
import errno, mmap, os, shutil, socket, sys, threading, time
def call(number, *arguments):
    import ctypes
    made = ctypes.CDLL(None, use_errno=True).syscall(number, *map(ctypes.c_long, arguments))
    if made < 0:
        raise OSError(ctypes.get_errno(), '')
parent = os.getpid()
try:
    exec(sys.argv[1])
    said = 'done'
except OSError as error:
    said = errno.errorcode.get(error.errno, type(error).__name__)
except Exception as error:
    said = type(error).__name__
if os.getpid() == parent:
    sys.stderr.write(said)
    sys.stderr.flush()
os._exit(0)
";

struct Cell {
    namespace: Namespace,
    next: AtomicU32,
}

impl Cell {
    /// What each attempt starts from.
    fn plan(&self) -> Plan {
        let user = USERS + std::process::id() * 16 + self.next.fetch_add(1, Ordering::Relaxed);
        Plan {
            user,
            network: self.namespace.path().to_owned(),
            group: None,
            read: ["/usr", "/lib", "/lib64"].map(PathBuf::from).into(),
            scratch: vec![Scratch { path: "/tmp".into(), bytes: 1 << 20 }],
            ports: vec![PORT],
            executable_memory: false,
            // Nothing brings it, and it is below where the hosts are.
            directory: "/etc/cloister".into(),
            processes: PROCESSES,
            memory: MEMORY,
        }
    }
}

/// One network for all attempts; `None` where none can be had.
#[expect(clippy::print_stdout, reason = "says why the tests are skipped")]
fn cell() -> Option<&'static Cell> {
    static CELL: OnceLock<Option<Cell>> = OnceLock::new();
    CELL.get_or_init(|| {
        if !Path::new(PYTHON).exists() {
            println!("skipped: no {PYTHON}");
            return None;
        }
        match Namespace::new() {
            Ok(namespace) => Some(Cell { namespace, next: AtomicU32::new(0) }),
            Err(error) => {
                println!("skipped: {error}: {:?}", std::error::Error::source(&error));
                None
            }
        }
    })
    .as_ref()
}

fn run(plan: &Plan, arguments: &[&str]) -> Output {
    Command::new(CLOISTERD)
        .args([OUTSIDE, &std::process::id().to_string(), &plan.encode().unwrap()])
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

fn attempt(plan: &Plan, code: &str) -> (Option<i32>, String) {
    // A call by its number takes ctypes, whose libffi makes machine code.
    let plan = Plan { executable_memory: code.contains("call("), ..plan.clone() };
    let output = run(&plan, &[PYTHON, "-c", FRAME, code]);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `SIGSYS`, as a shell says it.
const ENDED: i32 = 128 + 31;

#[test]
fn an_agent_gets_what_it_needs_and_nothing_that_it_tries_beyond() {
    let Some(cell) = cell() else { return };
    let plan = cell.plan();
    let wrong: Vec<_> = ATTEMPTS
        .iter()
        .filter_map(|(name, code, fate)| {
            let (status, said) = attempt(&plan, code);
            let is_right = match fate {
                Done => (status, said.as_str()) == (Some(0), "done"),
                Denied(error) => status == Some(0) && said == *error,
                Ended(_) => status == Some(ENDED),
            };
            (!is_right).then(|| format!("{name}: {fate:?}, and came to {status:?} {said:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_kernel_names_each_call_that_a_process_was_ended_for() {
    let Some(cell) = cell() else { return };
    let plan = cell.plan();
    let mut log = KernelLog::open().unwrap();
    let mut unnamed: BTreeMap<_, _> = ATTEMPTS
        .iter()
        .filter_map(|(_, code, fate)| match fate {
            Ended(call) => Some((*call, *code)),
            Done | Denied(_) => None,
        })
        .collect();
    for _ in 0..ROUNDS {
        for code in unnamed.values().take(LINES) {
            attempt(&plan, code);
        }
        let (found, _) = log.violations().unwrap();
        for found in found.iter().filter(|found| found.user == plan.user) {
            unnamed.remove(found.call.as_str());
        }
        if unnamed.is_empty() {
            return;
        }
        std::thread::sleep(KERNEL_INTERVAL);
    }
    panic!("never named: {:?}", unnamed.keys());
}

#[test]
fn what_has_no_route_is_counted() {
    let Some(cell) = cell() else { return };
    let before = cell.namespace.unrouted().unwrap();
    for code in [
        "socket.create_connection(('192.0.2.1', 443), 5)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    ] {
        assert_eq!(attempt(&cell.plan(), code).1, "ENETUNREACH");
    }
    assert!(cell.namespace.unrouted().unwrap() >= before + 2);
}

#[test]
fn an_agent_is_nobody() {
    let Some(cell) = cell() else { return };
    let plan = cell.plan();
    let code = "said = open('/proc/self/status').read(); raise Exception if sys.stderr.write(said) < 0 else None";
    let (_, status) = attempt(&plan, code);
    for line in [
        "Groups:\t ",
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "Seccomp_filters:\t2",
    ] {
        assert!(status.contains(line), "{line:?} in {status}");
    }
    let ids = [plan.user.to_string(), plan.user.to_string()].join("\t");
    assert!(status.contains(&format!("Uid:\t{ids}")) && status.contains(&format!("Gid:\t{ids}")));
}

#[test]
fn killing_its_first_process_ends_nothing() {
    let Some(cell) = cell() else { return };
    assert_eq!(attempt(&cell.plan(), "os.kill(1, 9); time.sleep(0.2)"), (Some(0), "done".into()));
}

#[test]
fn its_status_is_told_and_nothing_of_it_outlives_it() {
    let Some(cell) = cell() else { return };
    assert_eq!(attempt(&cell.plan(), "os._exit(7)").0, Some(7));
    // A child in a session of its own, which holds the pipe that is read to its end here.
    let code = "os.fork() or (os.setsid(), time.sleep(600))";
    assert_eq!(attempt(&cell.plan(), code).1, "done");
}

#[test]
fn a_path_that_does_not_exist_is_no_fence_and_no_agent() {
    let Some(cell) = cell() else { return };
    let plan = Plan { read: vec!["/does/not/exist".into()], ..cell.plan() };
    let output = run(&plan, &[PYTHON, "-c", "print('runs')"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/does/not/exist"));
}

/// Tries both ways out that it does not have, and serves.
const AGENT: &str = "
import http.server, os, socket, urllib.request
for attempt in (
    lambda: urllib.request.urlopen('https://undeclared.example.org/'),
    lambda: socket.create_connection(('192.0.2.1', 443)),
):
    try:
        attempt()
    except OSError as error:
        print(error)
address = ('127.0.0.1', int(os.environ['A2A_PORT']))
http.server.HTTPServer(address, http.server.BaseHTTPRequestHandler).serve_forever()
";

async fn asked(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// An image whose agent is fenced wherever it runs.
async fn fenced_image(world: &World) -> Image {
    let sections = "[fence]\napplies = \"always\"\nread = [\"/usr\", \"/lib\", \"/lib64\"]\n\
                    [egress]\nallow = [\"declared.example.org:443\"]";
    let mut image = Image::demanding(world, "fenced", &[], sections).await;
    let text = fs::read_to_string(image.agent_toml()).unwrap();
    let command = text.lines().find(|line| line.starts_with("command")).unwrap();
    let program = format!("command = [{PYTHON:?}, \"-u\", \"-c\", {AGENT:?}]");
    fs::write(image.agent_toml(), text.replace(command, &program)).unwrap();
    image.measured.manifest = Digest48::sha384(&fs::read(image.agent_toml()).unwrap());
    world.admit(&image.agent_toml(), &image.measured).await;
    image
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fenced_agent_is_reached_by_its_runtime_and_what_it_tried_is_on_record() {
    if cell().is_none() {
        return;
    }
    let world = World::start().await;
    let node = fenced_image(&world).await.start(&world).await;
    node.until(Phase::Admitted).await;
    let addresses = node.runtime.addresses();
    let until = async |path: &str, words: &[&str]| loop {
        let answer = asked(addresses.operator, path).await;
        if words.iter().all(|word| answer.contains(word)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    until("/readyz", &["\"agent_reachable\":true"]).await;
    until("/v1/audit", &["undeclared.example.org:443", "fence.egress.undeclared"]).await;
    until("/v1/audit", &["fence.network"]).await;
    // Neither the agent nor its surface is on this machine's loopback.
    assert!(TcpStream::connect(addresses.surface).await.is_err());
    node.runtime.stop().await;
}
