"""Prints the SEV-SNP launch digest of each shape in a JSON list, one hex line each."""

import json
import sys

from sevsnpmeasure import guest, vcpu_types
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vmm_types import VMMType

for shape in json.load(open(sys.argv[1])):
    digest = guest.calc_launch_digest(
        SevMode.SEV_SNP,
        shape["vcpus"],
        vcpu_types.CPU_SIGS[shape["cpu"]],
        shape["firmware"],
        shape["kernel"],
        shape["initrd"],
        shape["cmdline"],
        shape["features"],
        vmm_type={"qemu": VMMType.QEMU, "ec2": VMMType.ec2, "gce": VMMType.gce}[shape["vmm"]],
    )
    print(digest.hex())
