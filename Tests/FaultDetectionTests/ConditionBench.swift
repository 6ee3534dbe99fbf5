import Telemetry
import Testing

@testable import FaultDetection

/// One fault of one device, fed with readings in event time.
struct ConditionBench {
    let layout: ProfileLayout
    let conditions: FaultConditions
    var cells: [Int64]
    let gap: Int64

    /// `fault` is the fault as a profile says it.
    init(_ fault: String, gap: Int64 = 60_000) throws {
        let profile = """
            { profile: "p", messages: [{ topic: "d/{device}" }],
              metrics: {
                temp: { pointer: "/temp", unit: "Cel" },
                setpoint: { pointer: "/setpoint", unit: "Cel" },
                pages: { pointer: "/pages", kind: "counter" },
                flags: { pointer: "/flags" },
                mode: { pointer: "/mode", kind: "state", states: ["on", "off", "error"] },
              },
              faults: { f: \(fault) },
            }
            """
        layout = ProfileLayout(try ProfileReader.read(Array(profile.utf8), file: "p"))
        conditions = FaultConditions(layout: layout)
        cells = Array(repeating: 0, count: conditions.cellCount)
        self.gap = gap
    }

    /// A reading at `second`; `arrival` is 0 where it says nothing. A state is given by its number; nil is unknown.
    mutating func take(_ metric: String, _ value: Double?, at time: Int64, arrival: Int64 = 0, listening: Int64 = 0) -> [FaultTransition] {
        guard let slot = layout.slot(named: metric) else { return [] }
        let at = EvaluationTime(
            timeMilliseconds: time, gapMilliseconds: gap, arrivalMilliseconds: arrival, listeningSinceMilliseconds: listening)
        return cells.withUnsafeMutableBufferPointer { buffer in
            guard let block = buffer.baseAddress else { return [] }
            return conditions.rules(watching: slot).compactMap { watch in
                guard let value else {
                    conditions.forget(watch, block)
                    return nil
                }
                return conditions.observe(watch, value: value, at: at, block)
            }
        }
    }

    mutating func look(at time: Int64, arrival: Int64, listening: Int64 = 0) -> FaultTransition? {
        let at = EvaluationTime(
            timeMilliseconds: time, gapMilliseconds: gap, arrivalMilliseconds: arrival, listeningSinceMilliseconds: listening)
        return cells.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { conditions.look(0, at: at, $0) } }
    }

    /// What became of readings `metric=value@second`, such as `temp=81@0 mode=?@5`, as words: `30 raised 0 critical`.
    static func run(_ fault: String, _ readings: String, gap: Int64 = 60_000) throws -> [String] {
        var bench = try ConditionBench(fault, gap: gap)
        var words: [String] = []
        for reading in readings.split(separator: " ") {
            let parts = reading.split { $0 == "=" || $0 == "@" }
            let second = try #require(Int64(parts[2]))
            let slot = try #require(bench.layout.slot(named: String(parts[0])))
            let state = bench.layout.state(String(parts[1]), of: slot).map { Double($0) }
            for transition in bench.take(String(parts[0]), Double(parts[1]) ?? state, at: second * 1000) {
                words.append(word(transition, second))
            }
        }
        return words
    }

    static func word(_ transition: FaultTransition, _ second: Int64) -> String {
        switch transition {
        case .raised(let onset, let severity): "\(second) raised \(onset / 1000)\(severity == .major ? "" : " \(severity.rawValue)")"
        case .cleared(let since): "\(second) cleared \(since / 1000)"
        case .weighs(let severity): "\(second) \(severity.rawValue)"
        }
    }
}
