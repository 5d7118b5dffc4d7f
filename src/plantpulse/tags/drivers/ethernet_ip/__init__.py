"""EtherNet/IP, by pylogix: tags of Allen-Bradley controllers by their names.

docs/decisions/0109 says which half of pylogix is used, and why not the other.
"""

from typing import Final

from plantpulse.tags.drivers.ethernet_ip.driver import EthernetIpDriver

DRIVER: Final = EthernetIpDriver()
