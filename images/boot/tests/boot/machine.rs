//! A machine without a kernel worth the name: QEMU starts, the port is connected, it ends.

use cloister_boot::accelerator::Accelerator;
use cloister_boot::tools;

#[tokio::test]
async fn software_runs_a_guest_on_every_machine() {
    let qemu = tokio::task::spawn_blocking(tools::qemu).await.unwrap().unwrap();
    assert!(Accelerator::Tcg.works(&qemu).await.unwrap());
    assert_ne!(Accelerator::Auto.chosen(&qemu).await.unwrap(), Accelerator::Auto);
}
