import CivilCalendar
import Foundation
import Hashing
import Testing

@testable import Telemetry

@Suite struct ValueTests {
    private func milliseconds(_ text: String) -> Int64? {
        // 48 bytes hold every form; a text without a zone is UTC here.
        let judged = DeviceTime.resolve(
            stamp: LocalTimeText(text), unit: .milliseconds, zone: nil, previousMilliseconds: nil, arrivalMilliseconds: .max / 2)
        if case .instant(let milliseconds)? = LocalTimeText(text) { return milliseconds }
        guard case .local? = LocalTimeText(text) else { return nil }
        return judged.quality.isDeviceTime ? judged.milliseconds : nil
    }

    private func number(_ text: String) -> Double? { Array(text.utf8).withUnsafeBufferPointer { DecimalText.number($0) } }

    @Test(
        arguments: [
            ("2024-05-01T12:00:00Z", 1_714_564_800_000), ("2024-05-01 12:00:00", 1_714_564_800_000),
            ("2024-05-01T12:00:00.5Z", 1_714_564_800_500), ("2024-05-01T12:00:00.123456789Z", 1_714_564_800_123),
            ("2024-05-01T14:00:00+02:00", 1_714_564_800_000), ("2024-05-01T07:30:00.001-04:30", 1_714_564_800_001),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2024-05-01T12:00:00Zjunk", nil), ("2024-05-01T12:00:00.5x", nil), ("2024-05-01T12:00:00+2:00", nil),
            ("2024-02-30T12:00:00Z", nil), ("2023-02-29T12:00:00Z", nil), ("2024-04-31T12:00:00Z", nil), ("2024-13-01T12:00:00Z", nil),
            ("2024-00-01T12:00:00Z", nil), ("2024-05-01T24:00:00Z", nil), ("2024-05-01T12:60:00Z", nil), ("2024-05-01", 1_714_521_600_000),
            ("2024-05-01T12:00:00+99:99", nil), ("2O24-05-01T12:00:00Z", nil), ("", nil), (String(repeating: "1", count: 41), nil),
        ] as [(String, Int64?)])
    func iso8601(_ text: String, _ expected: Int64?) { #expect(milliseconds(text) == expected, "\(text)") }

    @Test(
        arguments: [
            ("26.2", 26.2), ("-66dBm", -66), ("43 %", 43), (" +7", 7), ("1e3", 1000), ("1.5e-2 V", 0.015), ("12 mm/s", 12), ("5 eggs", 5),
            ("1e999", Double.infinity), (".5", 0.5), ("20°C", 20),
            ("", nil), ("-", nil), (".", nil), ("abc", nil), ("1.2.3", nil), ("12:30", nil), ("2024-05-01", nil), ("5,3", nil),
            ("10 of 20", nil),
            ("nan", nil), ("inf", nil), ("0xFF", nil), ("0x1F", nil), ("--5", nil), (String(repeating: "1", count: 49), nil),
        ] as [(String, Double?)])
    func decimalText(_ text: String, _ expected: Double?) { #expect(number(text) == expected, "\(text)") }

    /// The ids of orders and alarms are made of these: a change would order everything once more after an upgrade.
    @Test func hashesAndIDsStayWhatTheyAre() {
        // Computed with Python's hashlib, by the description of `make`.
        #expect(StableID.make("printer-1", "black", "1") == "1e3965aa71e397250c316e8b9308186b")
        #expect(StableID.make("", "") == "374708fff7719dd5979ec875d56cd228")
        #expect(StableID.make("ab", "c") != StableID.make("a", "bc"))
        #expect(StableID.make("x").count == 32)
        #expect(StableID.short("printer-1", "black", "1") == "c47a42e3950c1fbe")
        #expect(StableID.short("", "") == "fc4373eca67b57a2")
        #expect(String(ContentHash.combine(ContentHash.seed, "devices/printer-1/telemetry"), radix: 16) == "4621a29e708146b8")
    }

    @Test func manyShortNamesDoNotCollide() {
        var seen: Set<String> = []
        for device in 0..<300 { for slot in 0..<100 { seen.insert(StableID.make("d\(device)", "s\(slot)", "1")) } }
        #expect(seen.count == 30_000)
    }
}
