import Testing

@testable import Telemetry

@Suite struct ErrorStateBitsTests {
    typealias Code = ErrorStateBits.Code

    private func read(_ text: String) -> ErrorStateBits? {
        var text = text
        return text.withUTF8 { ErrorStateBits(text: $0) }
    }

    @Test(
        arguments: [
            ("00", []), ("80", [.lowPaper]), ("01", [.serviceRequested]), ("0000", []), ("8000", [.lowPaper]), ("2000", [.lowToner]),
            ("0x20 00", [.lowToner]), ("04:00", [.jammed]), ("0080", [.inputTrayMissing]), ("0002", [.overduePreventMaint]), ("0001", []),
            ("FFFF", Code.allCases), ("ff", Array(Code.allCases.prefix(8))), ("800000", [.lowPaper]), ("", []), ("-", []),
            ("4A04", [.noPaper, .doorOpen, .offline, .inputTrayEmpty]),
        ] as [(String, [Code])]) func hexText(_ text: String, _ codes: [Code])
    { #expect(read(text)?.codes == codes) }

    @Test(arguments: ["8", "0x", "none", "80 0", "8 000", "jam", String(repeating: "0", count: 66)]) func otherText(_ text: String) {
        #expect(read(text) == nil)
    }

    /// How tools print octets. Those of net-snmp 5.9.3 were printed by its own agent.
    @Test(
        arguments: [
            // snmpwalk, snmpget
            ("STRING: \"@\"", [.noPaper]), ("STRING: \" \"", [.lowToner]), ("STRING: \"`\"", [.noPaper, .lowToner]),
            ("STRING: \"\\\"\"", [.lowToner, .offline]), ("STRING: \"\\\\\"", [.noPaper, .noToner, .doorOpen, .jammed]),
            ("STRING: \"\n\"", [.doorOpen, .offline]), ("STRING: \"@ \"", [.noPaper, .markerSupplyMissing]),
            ("STRING: \"40\"", [.lowToner, .noToner, .jammed, .markerSupplyMissing, .outputNearFull]),
            ("Hex-STRING: 40 00 ", [.noPaper]), ("Hex-STRING: 00 ", []), ("Hex-STRING: 40 04 \n", [.noPaper, .inputTrayEmpty]),
            ("BITS: \"@\"", [.noPaper]),
            // snmpget -Oqv, and with the line end of a shell
            ("\"@\"", [.noPaper]), ("\" \"", [.lowToner]), ("\"40 00 \"", [.noPaper]), ("\"40 00 \"\n", [.noPaper]), ("\"\"", []),
            ("\"@\"\n", [.noPaper]), ("\"\\\"\"", [.lowToner, .offline]),
            // snmpget -Oqvx
            ("\"40 \"", [.noPaper]), ("40 \n", [.noPaper]),
            // easysnmp, Zabbix, Telegraf: a character for each octet where all are printable; easysnmp also where not
            ("@", [.noPaper]), (" ", [.lowToner]), ("`", [.noPaper, .lowToner]), ("B", [.noPaper, .offline]),
            ("(", [.lowToner, .doorOpen]),
            ("\"", [.lowToner, .offline]), ("\\", [.noPaper, .noToner, .doorOpen, .jammed]),
            (":", [.lowToner, .noToner, .doorOpen, .offline]),
            ("@ ", [.noPaper, .markerSupplyMissing]), ("@\0", [.noPaper]), ("\u{80}", [.lowPaper]), ("\u{c0}\0", [.lowPaper, .noPaper]),
            // pysnmp
            ("0x80", [.lowPaper]), ("0x4000", [.noPaper]),
            // Python's bytes and texts, printed
            ("b'@\\x00'", [.noPaper]), ("b'\\xc0'", [.lowPaper, .noPaper]), ("b'40'", [.noPaper]), ("'@\\x00'", [.noPaper]),
            ("@\\x00", [.noPaper]), ("b'\\n'", [.doorOpen, .offline]), ("b\"'\"", [.lowToner, .jammed, .offline, .serviceRequested]),
            // Go's JSON of octets; SNMP4J
            ("QAA=", [.noPaper]), ("IA==", [.lowToner]), ("40:00", [.noPaper]),
        ] as [(String, [Code])]) func asToolsPrintOctets(_ text: String, _ codes: [Code])
    { #expect(read(text)?.codes == codes) }

    /// Words, a digit that may be a number, the dots of snmpget -Oa, and characters that stand for lost octets.
    @Test(arguments: [
        "OK", "no", "0", "8", ".", "@.", "..", "STRING: \".\"", "?", "\u{FFFD}", "\u{FFFD}\0", "\"OK\"", "STRING: \"OK!\"", "@\\q",
    ])
    func whatMayMeanAnythingIsRefused(_ text: String) { #expect(read(text) == nil) }

    @Test func numbers() {
        #expect(ErrorStateBits(numbers: [0x10, 0x08])?.codes == [.noToner, .outputFull])
        #expect(ErrorStateBits(numbers: [16, 8, 300]) == ErrorStateBits(numbers: [16, 8]))
        #expect(ErrorStateBits(numbers: [256]) == nil && ErrorStateBits(numbers: [-1]) == nil)
        #expect(ErrorStateBits(numbers: [])?.saysNothing == true)
    }

    /// One octet says nothing of the second octet's codes, none says nothing at all: that must not clear an alarm.
    @Test func whatWasNotSentIsNotFalse() {
        #expect(ErrorStateBits(numbers: [0x00])?.isSet(.jammed) == false)
        #expect(ErrorStateBits(numbers: [0x04])?.isSet(.jammed) == true)
        #expect(ErrorStateBits(numbers: [0x00])?.isSet(.outputFull) == nil)
        #expect(ErrorStateBits(numbers: [])?.isSet(.jammed) == nil)
        #expect(ErrorStateBits(numbers: [0, 0])?.saysNothing == false)
    }
}
