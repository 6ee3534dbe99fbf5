#!/usr/bin/env bash
# net-snmp 5.9.3 (snmpget) and pysnmp 7.1.22 print hrPrinterDetectedErrorState (RFC 2790) in another form for another value.
#
# What one would expect: an octet string of bits is printed in one way, in hexadecimal, so that a script that cuts digits out of it is right for
# every value once it is right for one.
# What is seen: as soon as all octets are printable, both programs print them as text. One octet 0x40 (no paper) is `@`, 0x20 (low toner) is a
# blank, 0x60 (both) is a backtick; 0x80 (low paper) and two octets 0x40 0x00 are hexadecimal again.
# Why it matters: the two faults that people most want to hear of are the ones that a reader of hexadecimal digits loses, on printers that send one
# octet (the RFC allows it).
#
# Installs pinned packages into a temporary folder. Fails when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${agent:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq snmp=5.9.3+dfsg-2+deb12u1 libsnmp40=5.9.3+dfsg-2+deb12u1 2>/dev/null
for package in ./*.deb; do dpkg -x "$package" net-snmp; done
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pysnmp==7.1.22 pyasn1==0.6.1
cat > agent.py <<'P'
import socket
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

v2c = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
values = {1: b"@", 2: b" ", 3: b"`", 4: b"\x80", 5: b"@\0"}
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    data, peer = server.recvfrom(4096)
    request, _ = decoder.decode(data, asn1Spec=v2c.Message())
    response = v2c.apiMessage.get_response(request)
    names = [name for name, _ in v2c.apiPDU.get_varbinds(v2c.apiMessage.get_pdu(request))]
    v2c.apiPDU.set_varbinds(v2c.apiMessage.get_pdu(response), [(name, v2c.OctetString(values[name[-1]])) for name in names])
    server.sendto(encoder.encode(response), peer)
P
venv/bin/python agent.py > port 2> agent.log &
agent=$!
for attempt in $(seq 100); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
export LD_LIBRARY_PATH=$work/net-snmp/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
get() { net-snmp/usr/bin/snmpget -m "" -v2c -c public -t 2 -r 20 "127.0.0.1:$port" "1.3.6.1.2.1.25.3.5.1.2.$1" | sed 's/^[^=]*= //'; }
seen=$(for index in 1 2 3 4 5; do get "$index"; done)
printf 'net-snmp:\n%s\n' "$seen"
expected='STRING: "@"
STRING: " "
STRING: "`"
Hex-STRING: 80 
Hex-STRING: 40 00 '
[ "$seen" = "$expected" ]
venv/bin/python - <<'P'
import sys
from pysnmp.proto.rfc1902 import OctetString

shown = [OctetString(octets).prettyPrint() for octets in (b"@", b" ", b"`", b"\x80", b"@\0")]
print("pysnmp:", shown)
sys.exit(shown != ["@", " ", "`", "0x80", "0x4000"])
P
# Output seen:
# net-snmp:
# STRING: "@"
# STRING: " "
# STRING: "`"
# Hex-STRING: 80
# Hex-STRING: 40 00
# pysnmp: ['@', ' ', '`', '0x80', '0x4000']
