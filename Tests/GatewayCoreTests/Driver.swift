import Replenishment
import Telemetry
import Testing

@testable import GatewayCore

/// One thing that happens, as it would stand in the inbox.
enum Happening {
    case message(topic: String, payload: [UInt8], isRetained: Bool)
    /// As it comes from a broker, with its packet id.
    case packet(topic: String, payload: String, id: UInt16, isDuplicate: Bool = false)
    case control(ControlEvent)
}

/// Feeds a core and collects what leaves it.
struct Driver {
    /// 2026-01-01T00:00:00Z.
    static let start: Int64 = 1_767_225_600_000

    var core: StewardCore
    var effects: [Effect] = []
    private(set) var number: Int64 = 1

    init(_ profiles: [String] = [Press.profile], configuration: CoreConfiguration = CoreConfiguration(), isConnected: Bool = true) throws {
        core = try #require(StewardCore(configuration: configuration, profiles: try profiles.map(Self.profile)))
        if isConnected { control(.connected(sessionPresent: false), at: 0) }
    }

    init(core: StewardCore, number: Int64) {
        self.core = core
        self.number = number
    }

    static func profile(_ text: String) throws -> DeviceProfile { try ProfileReader.read(Array(text.utf8), file: "test.json") }

    /// Takes a batch that arrived at `second` after the start, and returns the effects of it.
    @discardableResult
    mutating func take(_ happenings: [Happening], atMilliseconds time: Int64) -> [Effect] {
        var segment = Segment(capacityBytes: 64)
        for happening in happenings {
            switch happening {
            case .message(let topic, let payload, let isRetained): segment.append(topic: topic, payload: payload, isRetained: isRetained)
            case .packet(let topic, let payload, let id, let isDuplicate):
                segment.append(topic: topic, payload: Array(payload.utf8), packetID: id, isDuplicate: isDuplicate)
            case .control(let event): segment.append(event)
            }
        }
        segment.firstEvent = number
        segment.arrivalMilliseconds = time
        number += Int64(segment.count)
        var new: [Effect] = []
        core.step(segment, into: &new)
        effects += new
        return new
    }

    /// Events that the core has taken by itself.
    mutating func skip(_ events: Int64) { number += events }

    @discardableResult
    mutating func control(_ event: ControlEvent, at second: Double) -> [Effect] {
        take([.control(event)], atMilliseconds: Self.start + Int64(second * 1000))
    }

    @discardableResult
    mutating func tick(at second: Double) -> [Effect] { control(.tick, at: second) }

    /// Ticks as the gateway's loop does: whenever time alone has something to say.
    mutating func wait(until second: Double) {
        let end = Self.start + Int64(second * 1000)
        while let due = core.nextDueMilliseconds, due <= end { take([.control(.tick)], atMilliseconds: max(due, core.now)) }
        tick(at: second)
    }

    @discardableResult
    mutating func send(_ topic: String, _ payload: String, at second: Double, retained: Bool = false) -> [Effect] {
        take(
            [.message(topic: topic, payload: Array(payload.utf8), isRetained: retained)], atMilliseconds: Self.start + Int64(second * 1000))
    }

    /// Telemetry of a press; its own time is `time`, or the arrival.
    @discardableResult
    mutating func tell(_ device: String = "p1", _ members: String, at second: Double, time: Double? = nil, retained: Bool = false)
        -> [Effect]
    {
        send("t/\(device)/data", "{\"ts\":\(Self.start + Int64((time ?? second) * 1000)),\(members)}", at: second, retained: retained)
    }

    @discardableResult
    mutating func reply(_ device: String = "p1", to request: String, _ outcome: String = "ok", at second: Double) -> [Effect] {
        send("t/\(device)/replies", "{\"id\":\"\(request)\",\"outcome\":\"\(outcome)\"}", at: second)
    }

    var lines: [String] { effects.decisions }
    var deliveries: [Delivery] { effects.deliveries }
    var commands: [Delivery] { effects.deliveries.filter { $0.channel == .command } }
    func kinds(_ kinds: Decision.Kind...) -> [Decision] { effects.allDecisions.filter { kinds.contains($0.kind) } }

    func snapshot() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try core.writeSnapshot { bytes += $0 }
        return bytes
    }
}

extension [Effect] {
    var allDecisions: [Decision] { compactMap { if case .decision(let decision) = $0 { decision } else { nil } } }
    var decisions: [String] { allDecisions.map { String(decoding: $0.line, as: UTF8.self) } }
    var decidedKinds: [String] { allDecisions.map(\.kind.rawValue) }
    var deliveries: [Delivery] { compactMap { if case .deliver(let delivery) = $0 { delivery } else { nil } } }
    var deadLetters: [DeadLetter] { compactMap { if case .deadLetter(let letter) = $0 { letter } else { nil } } }
    var chunks: [HistoryChunk] { compactMap { if case .history(let chunk) = $0 { chunk } else { nil } } }
}

/// A printing press with everything a profile can say.
enum Press {
    static let profile = text()

    static func text(
        metrics: String = "temp: { pointer: \"/temp\", unit: \"Cel\" },",
        supplies: String = #""{slot}": { level: "/supplies/{slot}", counter: "pages", leadTimeDays: 3, floorPercent: 10 },"#,
        hot: String =
            #"hot: { severity: "critical", raise: { metric: "temp", above: 80, forSeconds: 30 }, clear: { metric: "temp", below: 70, forSeconds: 10 }, playbook: "mend" },"#
    ) -> String {
        """
        { profile: "press", silentAfterSeconds: 600, gapSeconds: 120,
          messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          replies: [{ topic: "t/{device}/replies", requestId: "/id", outcome: "/outcome", reason: "/why" }],
          metrics: {
            status: { pointer: "/status", kind: "state", states: ["idle", "busy", "down", "service"] },
            pages: { pointer: "/pages", kind: "counter" },
            \(metrics)
            "{name}": { pointer: "/{name}" },
          },
          supplies: { \(supplies) },
          status: { metric: "status", productive: ["busy"], standby: ["idle"], unscheduledDowntime: ["down"], scheduledDowntime: ["service"] },
          alerts: [{ pointer: "/errors", codes: {
            jam: { severity: "major", text: "Paper jam", playbook: "mend" },
            dust: { severity: "minor" },
            fire: { severity: "critical", text: "Fire" },
          } }],
          faults: {
            \(hot)
            cold: { severity: "minor", raise: { metric: "temp", below: -20 } },
          },
          commands: {
            first: { topic: "t/{device}/do/first", payload: { id: "{requestId}", who: "{device}", deep: [{ n: 1, id: "{requestId}" }] }, deadlineSeconds: 30 },
            second: { topic: "t/{device}/do/second", payload: { id: "{requestId}" }, deadlineSeconds: 30 },
          },
          playbooks: { mend: { steps: [{ command: "first", verifySeconds: 60 }, { command: "second", verifySeconds: 60 }], ticket: "Send someone" } },
        }
        """
    }
}

extension Driver {
    /// The metrics that the device has told, by name, each with its value as text or `unknown`.
    func values(_ device: String) throws -> [String: String] {
        let index = try #require(core.fleet.device(named: device))
        let slots = core.fleet.profiles[core.fleet.devices[index].profile].layout.slots
        var values: [String: String] = [:]
        for (number, slot) in slots.enumerated() {
            switch core.fleet.value(index, SlotIndex(number)) {
            case .never: continue
            case .unknown: values[slot.name] = "unknown"
            case .retained(let value), .live(let value, _):
                values[slot.name] = slot.kind == .state ? slot.text(of: value) : "\(value)"
            }
        }
        return values
    }
}

extension Driver {
    /// Asks for an order as the forecast does, without a forecast.
    mutating func place(_ order: SupplyOrder, _ device: DeviceIndex, supply: SupplyIndex, at time: Int64) {
        core.out.tell(.orderNeeded(device, supply: supply, order, nil, at: time))
        core.drain()
        effects += core.out.effects
        core.out.effects = []
    }
}

// Tests name places by numbers.
extension TableIndex where Self: ExpressibleByIntegerLiteral {
    public init(integerLiteral place: Int32) { self.init(place: place) }
}

extension DeviceIndex: ExpressibleByIntegerLiteral {}
extension SupplyIndex: ExpressibleByIntegerLiteral {}
extension ProfileIndex: ExpressibleByIntegerLiteral {}
extension SlotIndex: ExpressibleByIntegerLiteral {}
