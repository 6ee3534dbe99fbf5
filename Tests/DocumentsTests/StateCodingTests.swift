import Documents
import Testing

@Suite struct StateCodingTests {
    struct Level: Codable, Equatable {
        var percent: Double
        var unit: String?
    }

    enum Kind: String, Codable { case gauge, counter }

    enum Outcome: Codable, Equatable {
        case waiting
        case done(at: Int64, by: String)
    }

    struct Everything: Codable, Equatable {
        var flag = true
        var tiny: Int8 = -128
        var big: UInt64 = .max
        var small: Int64 = .min
        var number = -0.1
        var single: Float = 1.5
        var text = "Überlauf"
        var empty = ""
        var kind = Kind.counter
        var none: Int64?
        var some: Int64? = 0
        var list: [Int64] = [0, 1, -1, 127, 128, -128, -129, 255, 256, 65_535, -65_536, .max, .min]
        var gaps: [Level?] = [nil, Level(percent: 4, unit: nil), nil, Level(percent: 0, unit: "%")]
        var nested: [[String]] = [[], ["a", ""], ["b"]]
        var map: [String: [String]] = ["": ["x"], "zwei": [], "a": ["b"]]
        var outcomes: [Outcome] = [.waiting, .done(at: 7, by: "desk"), .waiting]
        var outcome = Outcome.done(at: -1, by: "")
        var unsigned: [UInt16] = [0, 127, 128, 255, 256, 65_535]
        @Rare var rare: Level?
        @Rare var common: Level? = Level(percent: 9, unit: "l")
        var raw: [UInt8] = [0, 255, 7]
        var last = 5
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let value = Everything()
        let bytes = try StateEncoder.encode(value)
        #expect(try StateDecoder.decode(Everything.self, from: bytes) == value)
    }

    @Test func equalStatesHaveEqualBytes() throws {
        var (one, other) = ([String: Int](), [String: Int](minimumCapacity: 900))
        for number in 0..<50 { one["key \(number)"] = number }
        for number in (0..<50).reversed() { other["key \(number)"] = number }
        #expect(try StateEncoder.encode(one) == StateEncoder.encode(other))
    }

    @Test func aFieldThatIsMissingIsEmpty() throws {
        struct Nothing: Codable {}
        struct Plain: Codable, Equatable {
            var count = 9
            var text = "x"
            var list = [1]
            var map = ["a": 1]
            var number = 2.5
            var flag = true
            var part: Level? = Level(percent: 1)
        }
        let empty = Plain(count: 0, text: "", list: [], map: [:], number: 0, flag: false, part: nil)
        #expect(try StateDecoder.decode(Plain.self, from: StateEncoder.encode(Nothing())) == empty)
        // An enumeration has no empty value: the type has to say what it was before it was there.
        struct Stateful: Codable { var kind: Kind }
        #expect(throws: DecodingError.self) { try StateDecoder.decode(Stateful.self, from: []) }
    }

    @Test func aFieldOfAnotherVersionIsPassedOver() throws {
        struct Newer: Codable {
            var before = [["unknown"]]
            var percent = 40.0
            var between: [String: Int] = ["a": 1]
            var unit: String? = "%"
            var after = "z"
        }
        #expect(try StateDecoder.decode(Level.self, from: StateEncoder.encode(Newer())) == Level(percent: 40, unit: "%"))
        // The order of the fields may change as well.
        struct Turned: Codable {
            var unit: String? = "%"
            var percent = 40.0
        }
        #expect(try StateDecoder.decode(Level.self, from: StateEncoder.encode(Turned())) == Level(percent: 40, unit: "%"))
    }

    @Test func damageIsAnErrorAndNeverACrash() throws {
        let bytes = try StateEncoder.encode(Everything())
        for count in 0..<bytes.count where (try? StateDecoder.decode(Everything.self, from: Array(bytes[..<count]))) == Everything() {
            Issue.record("\(count) of \(bytes.count) bytes pass for the whole")
        }
        for place in bytes.indices {
            for byte: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var damaged = bytes
                damaged[place] = byte
                _ = try? StateDecoder.decode(Everything.self, from: damaged)
            }
        }
    }

    @Test func numbersThatDoNotFitAreRefused() throws {
        struct Wide: Codable { var value: Int64 = 300 }
        struct Narrow: Codable { var value: Int8 }
        #expect(throws: DecodingError.self) { try StateDecoder.decode(Narrow.self, from: StateEncoder.encode(Wide())) }
        #expect(throws: DecodingError.self) { try StateDecoder.decode(String.self, from: [0xFF]) }
        #expect(throws: DecodingError.self) { try StateDecoder.decode(Bool.self, from: [2]) }
    }
}
