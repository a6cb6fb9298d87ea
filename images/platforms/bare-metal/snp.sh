#!/bin/sh
# Runs a measured image in a SEV-SNP guest of this host.
#
#   snp.sh IMAGE_DIR NODE_TOML
#
# IMAGE_DIR is what `cloister image build` wrote. The firmware measures kernel, initrd and command
# line, so what is handed over here is what the launch digest is of. CPU, VCPUS and FIRMWARE are
# part of the digest too: `cloister image measure` needs the same ones. Paths without a comma.
set -eu
image=$1
node=$2

exec "${QEMU:-qemu-system-x86_64}" \
  -no-user-config -nodefaults -display none -no-reboot \
  -accel kvm \
  -cpu "${CPU:-EPYC-v4}" \
  -smp "${VCPUS:-2}" \
  -m "${MEMORY:-1024}M" \
  -machine q35,confidential-guest-support=tee,memory-backend=ram,vmport=off \
  -object "memory-backend-memfd,id=ram,size=${MEMORY:-1024}M,share=on,prealloc=off" \
  -object "sev-snp-guest,id=tee,cbitpos=${CBITPOS:-51},reduced-phys-bits=1,policy=${POLICY:-0x30000},kernel-hashes=on" \
  -bios "${FIRMWARE:-/usr/share/ovmf/OVMF.amdsev.fd}" \
  -kernel "$image/kernel" \
  -initrd "$image/initrd" \
  -append "$(cat "$image/cmdline")" \
  -fw_cfg "name=opt/org.cloister/node.toml,file=$node" \
  -netdev "${NETDEV:-user,id=net,hostfwd=tcp::4443-:4443}" \
  -device virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile= \
  -chardev stdio,id=console,signal=off \
  -serial chardev:console
