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
            ("FFFF", Code.allCases), ("ff", Array(Code.allCases.prefix(8))), ("800000", [.lowPaper]), ("", []), (" ", []),
            ("4A04", [.noPaper, .doorOpen, .offline, .inputTrayEmpty]),
        ] as [(String, [Code])]) func hexText(_ text: String, _ codes: [Code])
    { #expect(read(text)?.codes == codes) }

    @Test(arguments: ["8", "0x", "none", "80 0", "8 000", "jam", String(repeating: "0", count: 66)]) func otherText(_ text: String) {
        #expect(read(text) == nil)
    }

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
