#!/bin/sh
# Runs a measured image in a TDX guest (a trust domain) of this host.
#
#   tdx.sh IMAGE_DIR NODE_TOML
#
# IMAGE_DIR is what `cloister image build` wrote. MRTD is of the firmware, RTMR1 of the kernel,
# RTMR2 of command line and initrd; RTMR0 also depends on QEMU's version and on VCPUS, MEMORY and
# the devices below. A quote takes a quote generation service behind QGS. Paths without a comma.
set -eu
image=$1
node=$2
qgs=${QGS:-/var/run/tdx-qgs/qgs.socket}

exec "${QEMU:-qemu-system-x86_64}" \
  -no-user-config -nodefaults -display none -no-reboot \
  -accel kvm \
  -cpu host \
  -smp "${VCPUS:-2}" \
  -m "${MEMORY:-1024}M" \
  -machine q35,confidential-guest-support=tee,kernel-irqchip=split,smm=off,hpet=off,vmport=off \
  -object "{\"qom-type\":\"tdx-guest\",\"id\":\"tee\",\"sept-ve-disable\":true,\"quote-generation-socket\":{\"type\":\"unix\",\"path\":\"$qgs\"}}" \
  -bios "${FIRMWARE:-/usr/share/ovmf/OVMF.fd}" \
  -kernel "$image/kernel" \
  -initrd "$image/initrd" \
  -append "$(cat "$image/cmdline")" \
  -fw_cfg "name=opt/org.cloister/node.toml,file=$node" \
  -netdev "${NETDEV:-user,id=net,hostfwd=tcp::4443-:4443}" \
  -device virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile= \
  -chardev stdio,id=console,signal=off \
  -serial chardev:console
