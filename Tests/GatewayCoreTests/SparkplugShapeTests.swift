import Foundation
import Sparkplug
import Telemetry
import Testing

@testable import GatewayCore

/// What nodes say beside their values, and values of values, through the whole core.
@Suite struct SparkplugShapeTests {
    private static let any = """
        { profile: "any", namesPerDevice: true, messages: [{ format: "sparkplug", topic: "spBv1.0/+/+/+" }],
          metrics: {
            "{a}": { pointer: "/{a}", kind: "any" }, "{a}.{b}": { pointer: "/{a}/{b}", kind: "any" },
            "{a}.{b}.{c}": { pointer: "/{a}/{b}/{c}", kind: "any" }, pressure: { pointer: "/Pressure", unit: "bar" },
          } }
        """

    private static func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }
    private static func counted(_ field: Int, _ bytes: [UInt8]) -> [UInt8] { varint(field << 3 | 2) + varint(bytes.count) + bytes }
    private static func number(_ field: Int, _ value: Int) -> [UInt8] { varint(field << 3) + varint(value) }
    private static func text(_ field: Int, _ text: String) -> [UInt8] { counted(field, Array(text.utf8)) }

    /// A metric with a double.
    private static func metric(_ name: String, _ value: Double, unit: String? = nil, quality: Int? = nil) -> [UInt8] {
        let bits = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        let names = (unit == nil ? [] : text(1, "engUnit")) + (quality == nil ? [] : text(1, "Quality"))
        let values =
            (unit.map { counted(2, number(1, 12) + text(8, $0)) } ?? []) + (quality.map { counted(2, number(1, 3) + number(3, $0)) } ?? [])
        return text(1, name) + number(4, 10) + varint(13 << 3 | 1) + bits + (names.isEmpty ? [] : counted(9, names + values))
    }

    private static func template(_ name: String, _ members: [[UInt8]]) -> [UInt8] {
        text(1, name) + number(4, 19) + counted(18, members.flatMap { counted(2, $0) })
    }

    private static let session = text(1, "bdSeq") + number(4, 4) + number(11, 1)

    private func send(_ driver: inout Driver, _ kind: String, seq: Int, _ metrics: [[UInt8]], at second: Int64) -> [Effect] {
        let time = Driver.start + second * 1000
        let payload = Self.number(1, Int(time)) + metrics.flatMap { Self.counted(2, $0) } + Self.number(3, seq)
        return driver.take([.message(topic: "spBv1.0/g/\(kind)/n", payload: payload, isRetained: false)], atMilliseconds: time)
    }

    private func units(_ driver: Driver) throws -> [String: String] {
        let device = try #require(driver.core.fleet.device(named: "g/n"))
        let slots = driver.core.fleet.profiles[driver.core.fleet.devices[device].profile].layout.slots
        return Dictionary(uniqueKeysWithValues: slots.map { ($0.name, $0.unit) })
    }

    @Test(arguments: ["spBv1.0/g/STATE/scada", "spBv1.0/g/STATE/n"])
    func theStateOfAHostInAGroupIsNothingOfANode(_ topic: String) throws {
        var driver = try Driver([Self.any])
        let effects = driver.take([.message(topic: topic, payload: Array("ONLINE".utf8), isRetained: false)], atMilliseconds: Driver.start)
        #expect(effects.deadLetters.isEmpty && driver.core.deviceCount == 0 && driver.core.sparkplug.count == 0)
    }

    @Test func aBadValueIsUnknownAndItsReasonIsKept() throws {
        var driver = try Driver([Self.any])
        #expect(
            send(&driver, "NBIRTH", seq: 0, [Self.session, Self.metric("Temp", 20), Self.metric("Fill", 3)], at: 1).deadLetters.isEmpty)
        let problems = driver.core.counters.fieldProblems
        let letters = send(&driver, "NDATA", seq: 1, [Self.metric("Temp", 0, quality: 0)], at: 2).deadLetters
        #expect(try driver.values("g/n") == ["Temp": "unknown", "Fill": "3.0"])
        #expect(driver.core.counters.fieldProblems == problems + 1)
        #expect(
            letters.map(\.reason)
                == [#"g/n: "Temp" has the quality 0 (bad), so its value is unknown; the rest was taken. Told once an hour a node"#])
        #expect(send(&driver, "NDATA", seq: 2, [Self.metric("Temp", 21, quality: 192)], at: 3).deadLetters.isEmpty)
        #expect(try driver.values("g/n")["Temp"] == "21.0")
    }

    @Test func membersOfTemplatesAreMetricsByTheirPath() throws {
        var driver = try Driver([Self.any])
        let motor = Self.template("Line1/Motor1", [Self.metric("Amps", 12.5, unit: "A"), Self.metric("Volts", 400)])
        #expect(send(&driver, "NBIRTH", seq: 0, [Self.session, motor], at: 1).deadLetters.isEmpty)
        #expect(try driver.values("g/n") == ["Line1.Motor1.Amps": "12.5", "Line1.Motor1.Volts": "400.0"])
        #expect(try units(driver)["Line1.Motor1.Amps"] == "A")
        _ = send(&driver, "NDATA", seq: 1, [Self.template("Line1/Motor1", [Self.metric("Amps", 13)])], at: 2)
        #expect(try driver.values("g/n")["Line1.Motor1.Amps"] == "13.0")
    }

    @Test func theUnitOfABirthHoldsWhereTheProfileNamesNone() throws {
        var driver = try Driver([Self.any])
        let metrics = [Self.metric("Oven/Temp", 20, unit: "°C"), Self.metric("Pressure", 2, unit: "psi"), Self.metric("Fill", 1)]
        _ = send(&driver, "NBIRTH", seq: 0, [Self.session] + metrics, at: 1)
        #expect(try units(driver) == ["Oven.Temp": "°C", "pressure": "bar", "Fill": ""])
        // After a restart too, when the names are met anew.
        let profiles = try [Driver.profile(Self.any)]
        let core = try #require(
            try StewardCore(configuration: driver.core.configuration, profiles: profiles, snapshot: try driver.snapshot()))
        var other = Driver(core: core, number: driver.number)
        for second in [2, 3] as [Int64] {
            let data = [Self.metric("Oven/Temp", 20 + Double(second)), Self.metric("Fill", 2)]
            #expect(
                send(&driver, "NDATA", seq: Int(second) - 1, data, at: second)
                    == send(&other, "NDATA", seq: Int(second) - 1, data, at: second))
        }
        #expect(try units(other)["Oven.Temp"] == "°C")
        #expect(try other.snapshot() == driver.snapshot())
        // The next birth tells another one, or none.
        _ = send(&driver, "NBIRTH", seq: 0, [Self.session, Self.metric("Oven/Temp", 68, unit: "°F")], at: 5)
        #expect(try units(driver)["Oven.Temp"] == "°F")
        _ = send(&driver, "NBIRTH", seq: 0, [Self.session, Self.metric("Oven/Temp", 68)], at: 6)
        #expect(try units(driver)["Oven.Temp"] == "")
    }

    @Test func aLayoutOfManyDevicesTakesNoUnit() throws {
        var driver = try Driver([Self.any.replacingOccurrences(of: "namesPerDevice: true, ", with: "")])
        _ = send(&driver, "NBIRTH", seq: 0, [Self.session, Self.metric("Temp", 20, unit: "°C")], at: 1)
        #expect(try units(driver)["Temp"] == "")
    }
}
