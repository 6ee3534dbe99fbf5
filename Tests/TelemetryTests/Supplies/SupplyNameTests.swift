import TestSupport
import Testing

@testable import Telemetry

extension SupplyName {
    fileprivate static func clean(_ text: String) -> SupplyName { clean(bytes: Array(text.utf8)) }
}

@Suite struct SupplyNameTests {
    @Test(arguments: [
        // What is in order stays.
        ("Black Toner", "Black Toner"), ("墨粉盒（黑色）", "墨粉盒（黑色）"), ("Fuser", "Fuser"), ("Schwarz – 26A", "Schwarz – 26A"), ("", ""),
        // What is not seen goes.
        ("Cyan Drum\u{0}", "Cyan Drum"), ("Cyan Drum \u{0}\u{0}\r\n", "Cyan Drum"), ("\u{1}\u{15}Toner", "Toner"), ("\u{1}Toner", "Toner"),
        ("\u{0}\u{E}Toner", "Toner"), ("A\u{7}B", "AB"), ("A\t\tB", "A B"), ("Evil\u{202E}renoT", "EvilrenoT"),
        ("\u{FEFF}Toner\u{200B}", "Toner"),
        ("\u{1B}[31mToner", "[31mToner"),
        // Text as hexadecimal digits, and what only looks like it.
        ("54 6F 6E 65 72", "Toner"), ("54:6f:6e:65:72:00", "Toner"), ("0x546F6E6572", "Toner"), ("0X 54 6F 6E 65 72", "Toner"),
        ("426C61636B20546F6E657200", "Black Toner"), ("01 15 54 6F 6E 65 72", "Toner"), ("0xE5A2A8E7B289", "墨粉"),
        ("44574702", "44574702"), ("41424344", "41424344"), ("CE 50 5A", "CE 50 5A"), ("DEADBEEF", "DEADBEEF"), ("CE505A", "CE505A"),
        ("43 41 46 45 1", "43 41 46 45 1"), ("10 20 30 40 50 60", "10 20 30 40 50 60"), ("0xFFFE", "0xFFFE"), ("0x", "0x"),
        ("123456789012", "123456789012"), ("31 32 33 34 35", "31 32 33 34 35"), ("Add 50 A1", "Add 50 A1"), ("0x00", "0x00"),
        // Sixteen bytes as text, the rest as pairs of digits.
        ("Cyan Unit Large \n39 39 58 00", "Cyan Unit Large 99X"), ("Yellow Cartridg\u{65}\n20 31", "Yellow Cartridge 1"),
        ("Cyan Unit Large \nnot hex", "Cyan Unit Large not hex"), ("Short\n39 39", "Short 39 39"),
        // One spelling.
        ("inkCartridge", "ink-cartridge"), ("ink-cartridge", "ink-cartridge"), ("INK_CARTRIDGE", "ink-cartridge"),
        ("wasteToner", "waste-toner"),
        ("Toner_Black", "Toner_Black"), ("6", "6"),
    ]) func cleaned(_ raw: String, _ text: String) {
        #expect(SupplyName.clean(raw) == SupplyName(text: text))
    }

    @Test(
        arguments: [
            ("Black Toner, PN 123R45;SN00AB", "Black Toner", "123R45", "00AB"), ("Drum (R1), PN 1X;SN9", "Drum (R1)", "1X", "9"),
            ("Fuser, PN unknown;SNunknown", "Fuser", nil, nil), ("Toner S/N:CRUM-99", "Toner", nil, "CRUM-99"),
            ("Fuser S/N:", "Fuser", nil, nil),
            ("Toner P/N: 44 S/N: 55", "Toner", "44", "55"), ("Drum (P/N=44)", "Drum", "44", nil), ("Belt; SN: 7", "Belt", nil, "7"),
            ("Roll PN 77", "Roll", "77", nil), ("Toner, PN 1;SN2\u{0}", "Toner", "1", "2"),
            ("SNAP Toner", "SNAP Toner", nil, nil), ("Toner SN", "Toner SN", nil, nil), ("Toner, SNOW", "Toner, SNOW", nil, nil),
            ("Toner PN black", "Toner PN black", nil, nil), ("PN 123", "PN 123", nil, nil),
        ] as [(String, String, String?, String?)]) func suffixes(_ raw: String, _ text: String, _ part: String?, _ serial: String?)
    {
        #expect(SupplyName.clean(raw) == SupplyName(text: text, partNumber: part, serialNumber: serial))
    }

    @Test func bytesThatAreNoUTF8AreLatin1() {
        #expect(SupplyName.clean(bytes: [0x47, 0x72, 0xFC, 0x6E]).text == "Grün")
        #expect(SupplyName.clean(bytes: [0x41, 0x85, 0x42, 0x00]).text == "A B")
    }

    @Test func namesAreBoundedAtACharacter() {
        let name = SupplyName.clean(String(repeating: "墨", count: 40)).text
        #expect(name == String(repeating: "墨", count: 21))
        let family = String(repeating: "e\u{301}", count: 60)
        #expect(SupplyName.clean(family).text.utf8.count == 63)
        #expect(SupplyName.clean("x, PN 1" + String(repeating: "2", count: 5000)).partNumber?.utf8.count == 64)
    }

    @Test(arguments: [
        ("inkCartridge", "ink-cartridge"), ("InkCartridge", "ink-cartridge"), ("INK_CARTRIDGE", "ink-cartridge"),
        ("Ink Cartridge", "ink-cartridge"),
        ("ink--cartridge_", "ink-cartridge"), ("tonerCMYK", "toner-cmyk"), ("", ""), ("__", ""),
    ]) func folded(_ text: String, _ word: String) { #expect(SupplyName.folded(text) == word) }

    @Test func typesByNumberAndWord() {
        #expect(SupplyType("inkCartridge") == .inkCartridge && SupplyType("6") == .inkCartridge && SupplyType(rawValue: 32) == .staples)
        #expect(SupplyType("21") == .tonerCartridge && SupplyType("Waste Toner") == .wasteToner && SupplyType("35") == nil)
        #expect(SupplyType.covers.rawValue == 34 && SupplyType.glueWaterAdditive.keyword == "glue-water-additive")
    }

    @Test func hostileBytesGiveAShortVisibleName() {
        let seed = FuzzRun.seed(0x5EED_0D)
        var generator = SeededGenerator(seed: seed)
        let fixtures = [
            "Black Toner, PN 123R45;SN00AB", "54 6F 6E 65 72", "0x546F6E6572", "Cyan Unit Large \n39 39 58 00", "\u{1}\u{15}Toner", "墨粉盒",
            "INK_CARTRIDGE",
        ].map { Array($0.utf8) }
        for _ in 0..<FuzzRun.rounds(20_000) {
            var bytes = fixtures[Int.random(in: 0..<fixtures.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...5, using: &generator) { Mutator.mutate(&bytes, &generator) }
            let name = SupplyName.clean(bytes: bytes)
            let isVisible = name.text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{202E}" }
            let isBounded = [name.text, name.partNumber ?? "", name.serialNumber ?? ""].allSatisfy {
                $0.utf8.count <= SupplyName.maximumBytes
            }
            guard isVisible, isBounded else {
                Issue.record("seed \(seed): \(bytes)")
                return
            }
            _ = bytes.withUnsafeBufferPointer { ErrorStateBits(text: $0) }
        }
    }
}
