"""Waits, for at most the seconds it is given, until a compute host and the network agents have reported; names what has not."""

import sys
import time

import openstack

AGENTS = {"neutron-linuxbridge-agent", "neutron-dhcp-agent", "neutron-l3-agent"} | set(sys.argv[2:])

end = time.monotonic() + float(sys.argv[1])
cloud = openstack.connect(cloud="admin")
missing = "anything"
while time.monotonic() < end:
    try:
        alive = {agent.binary for agent in cloud.network.agents() if agent.is_alive}
        missing = ", ".join(sorted(AGENTS - alive)) or ("" if list(cloud.compute.hypervisors()) else "nova-compute")
    except Exception as error:  # a service that is still starting answers with anything
        missing = f"an answer ({error})"
    if not missing:
        sys.exit(0)
    time.sleep(0.5)
sys.exit(f"never heard of: {missing}")
