import Documents
import Replenishment
import ServiceValue
import TestSupport

@testable import GatewayCore

/// A fleet that does everything at once: heats up, jams, answers or does not, falls silent, sends backfills, garbage and repeats.
///
/// It answers what the core asks of it, so it plays along with a reference core once; the batches it leaves are then a fixed recording.
struct RandomFleet {
    struct Batch {
        var time: Int64
        var happenings: [Happening]
    }

    private var generator: SeededGenerator
    private var temperatures: [Int]
    private var levels: [Int]
    private var pages: [Int]
    private var pending: [Happening] = []

    init(seed: UInt64, devices: Int = 6) {
        generator = SeededGenerator(seed: seed)
        temperatures = Array(repeating: 60, count: devices)
        levels = Array(repeating: 40, count: devices)
        pages = Array(repeating: 100, count: devices)
    }

    static func record(seed: UInt64, batches count: Int, configuration: CoreConfiguration = CoreConfiguration()) throws -> (
        batches: [Batch], reference: Driver
    ) {
        var fleet = RandomFleet(seed: seed)
        var reference = try Driver(configuration: configuration, isConnected: false)
        var batches: [Batch] = []
        var time = Driver.start
        for index in 0..<count {
            time += Int64([0, 1000, 5000, 20_000, 45_000, 400_000][Int.random(in: 0..<6, using: &fleet.generator)])
            let batch = Batch(time: time, happenings: index == 0 ? [.control(.connected(sessionPresent: false))] : fleet.batch(at: time))
            batches.append(batch)
            fleet.see(reference.take(batch.happenings, atMilliseconds: batch.time))
        }
        return (batches, reference)
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }

    private mutating func batch(at time: Int64) -> [Happening] {
        var happenings = pending
        pending = []
        for _ in 0..<Int.random(in: 1...8, using: &generator) { happenings.append(happening(time)) }
        return happenings
    }

    private mutating func happening(_ time: Int64) -> Happening {
        switch Int.random(in: 0..<40, using: &generator) {
        case 0: return .control(.tick)
        case 1: return .control(.disconnected)
        case 2: return .control(.connected(sessionPresent: chance(2)))
        case 3: return .message(topic: "t/p0/data", payload: Array("{\"temp\":".utf8), isRetained: false)
        case 4: return .message(topic: "nobody/reads/this", payload: [], isRetained: false)
        case 5:
            return .control(
                .survey(
                    SurveySubmission(
                        id: "s\(Int.random(in: 0..<30, using: &generator))", device: "p1", question: .ces,
                        values: [Double(Int.random(in: 1...8, using: &generator))], context: .periodic)))
        default: return telemetry(time)
        }
    }

    private mutating func telemetry(_ time: Int64) -> Happening {
        let device = Int.random(in: 0..<temperatures.count, using: &generator)
        temperatures[device] += Int.random(in: -12...13, using: &generator)
        if temperatures[device] > 110 { temperatures[device] = 50 }
        levels[device] -= chance(3) ? 1 : 0
        if levels[device] < 1 { levels[device] = 100 }
        pages[device] += Int.random(in: 0..<9, using: &generator)
        var writer = JSONWriter()
        writer.beginObject()
        let age = chance(6) ? Int64.random(in: 0..<9_000_000, using: &generator) : Int64.random(in: 0..<3000, using: &generator)
        if !chance(9) { writer.member("ts", chance(30) ? 5 : time - age) }
        writer.member("temp", temperatures[device])
        if chance(2) { writer.member("pages", pages[device]) }
        if chance(3) {
            writer.member("status", ["idle", "busy", "down", "service", "odd\(device)"][Int.random(in: 0..<5, using: &generator)])
        }
        if chance(2) {
            writer.key("supplies")
            writer.beginObject()
            writer.member("black", chance(8) ? -1 : levels[device])
            if device > 2 { writer.member("waste\(device)", levels[device] / 2) }
            writer.endObject()
        }
        if chance(3) {
            writer.key("errors")
            writer.beginArray()
            for code in ["jam", "dust", "fire", "odd"] where chance(4) { writer.string(code) }
            writer.endArray()
        }
        if chance(5) { writer.member("extra\(Int.random(in: 0..<20, using: &generator))", Double(time % 977) / 7) }
        writer.endObject()
        return .message(topic: "t/p\(device)/data", payload: writer.bytes, isRetained: chance(25))
    }

    /// Devices answer commands, the supplier takes orders: sometimes, and sometimes twice.
    private mutating func see(_ effects: [Effect]) {
        for delivery in effects.deliveries where !chance(4) {
            switch delivery.channel {
            case .command:
                let reply = Array("{\"id\":\"\(delivery.key)\",\"outcome\":\"\(chance(3) ? "no" : "ok")\"}".utf8)
                for _ in 0..<(chance(5) ? 2 : 1) {
                    pending.append(.message(topic: "t/\(delivery.device)/replies", payload: reply, isRetained: false))
                }
            case .order:
                pending.append(
                    .control(.settled(key: delivery.key, channel: .order, outcome: chance(6) ? .abandoned : .delivered, detail: nil)))
                if chance(2) { pending.append(.control(.orderUpdate(order: delivery.key, state: .shipped, reference: "r", detail: nil))) }
            case .ticket:
                if chance(2) { pending.append(.control(.closeTicket(ticket: delivery.key, by: "anna"))) }
            }
        }
    }
}
