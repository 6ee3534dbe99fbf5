import CivilCalendar
import CoreViews
import Documents
import GatewayCore
import ServiceValue
import Telemetry

/// Runs the core, the same code as in `run`, over a recording as fast as it can, and sends nothing.
public struct Replay: ~Copyable {
    public struct Summary: Sendable {
        public var lines = 0
        public var unreadableLines = 0
        public var decisions = 0
        public var deadLetters = 0
        /// Pauses between two lines in which more came due than is waited for.
        public var cutPauses = 0
    }

    /// Wake-ups between two lines at which something may be due. Each is of a deadline, a window or a device, of which there are limits, so only
    /// what comes again and again through a pause of many years is cut.
    private static let maximumWakes = 10_000_000

    private var core: StewardCore
    private var segment = Segment()
    private var effects: [Effect] = []
    private var number: Int64 = 1
    /// Commands of the batch that was just taken. There is nobody to send them to, and the core is told so.
    private var commands: [String] = []
    public private(set) var summary = Summary()
    /// By supply name, over all devices.
    public private(set) var backtests: [String: Backtest] = [:]
    /// Of all days of the recording, without what is still open.
    private var account = DowntimeAccount(days: Self.anyDay)
    private let calendar: LocalDays
    private static let anyDay = -719_528...2_932_896

    /// Nil when memory is short.
    public init?(configuration: CoreConfiguration, profiles: [DeviceProfile]) {
        var configuration = configuration
        // A recording may hold whatever went over a broker. The gateway itself subscribes to what is read.
        configuration.keepsUnreadTopics = false
        guard let core = StewardCore(configuration: configuration, profiles: profiles) else { return nil }
        self.core = core
        calendar = LocalDays(zone: configuration.zone)
    }

    /// The account of downtime as `GET /api/v1/downtime` gives it, of the whole recording; nil for one that tells no state of a device.
    /// - Parameter grouping: `device`, `day` or nil.
    public func report(by grouping: String?) -> [UInt8]? {
        var account = account
        for place in 0..<core.devicePlaces {
            guard let open = core.openDowntime(at: place) else { continue }
            if let interval = open.interval { account.add(interval, calendar) }
            if let incident = open.incident { account.add(incident) }
        }
        guard let first = account.byDay.keys.min(), let last = account.byDay.keys.max() else { return nil }
        account.days = first...last
        return JSONWriter.object {
            DowntimeDocument.write(account, by: grouping.flatMap(DowntimeDocument.Grouping.init), now: core.now, limit: 10_000, &$0)
        }
    }

    public var digest: String { core.digest() }
    public var digestLines: [String] { core.digestLines() }
    public var counters: CoreCounters { core.counters }
    /// Messages of devices that no profile knows.
    public var strangers: Int64 { core.budgets[.strangers] }

    /// Processes one line and hands each decision to `output` as one line of JSON. Throws what is wrong with the line; the replay can go on.
    public mutating func process(_ line: ArraySlice<UInt8>, output: ([UInt8]) -> Void) throws(ConfigurationError) {
        summary.lines += 1
        let parsed: ReplayLine
        do { parsed = try ReplayLine(line) } catch {
            summary.unreadableLines += 1
            throw error
        }
        // Before its first line a recording says nothing, and windows of maintenance have nobody to hold back.
        if number > 1 { passTime(to: parsed.timeMilliseconds, output) }
        segment.reset()
        if number == 1 { segment.append(.connected(sessionPresent: false)) }
        parsed.topic.withUnsafeBytes { topic in
            parsed.payload.withUnsafeBytes { segment.append(isRetained: parsed.isRetained, topic: topic, payload: $0) }
        }
        run(at: parsed.timeMilliseconds, output)
    }

    /// The recording is over: devices that came back from silence last are heard out.
    public mutating func finish(output: ([UInt8]) -> Void) {
        if let end = core.backlogEndMilliseconds { passTime(to: end, output) }
    }

    /// Processes what is due before the time of the next line, as the timer of `run` would.
    private mutating func passTime(to time: Int64, _ output: ([UInt8]) -> Void) {
        var last = Int64.min
        var wakes = 0
        while let due = core.nextDueMilliseconds, due <= time, due > last {
            // A recording may leap over a century, in which nothing is due but that the core looks for silent devices every half minute.
            let idle = core.passIdleTime(to: time)
            number += idle
            if idle > 0 { continue }
            guard wakes < Self.maximumWakes else {
                summary.cutPauses += 1
                return
            }
            last = due
            wakes += 1
            segment.reset()
            segment.append(.tick)
            run(at: due, output)
        }
    }

    private mutating func run(at time: Int64, _ output: ([UInt8]) -> Void) {
        step(at: time, output)
        // The answer of the broker that is not there; what it sets off may be a command as well.
        while !commands.isEmpty {
            segment.reset()
            for key in commands { segment.append(.settled(key: key, channel: .command, outcome: .replayed, detail: nil)) }
            commands.removeAll(keepingCapacity: true)
            step(at: time, output)
        }
    }

    private mutating func step(at time: Int64, _ output: ([UInt8]) -> Void) {
        segment.firstEvent = number
        segment.arrivalMilliseconds = time
        number += Int64(segment.count)
        effects.removeAll(keepingCapacity: true)
        core.step(segment, into: &effects)
        for effect in effects {
            switch effect {
            case .decision(let decision):
                summary.decisions += 1
                if let life = decision.life { backtests[life.supply, default: Backtest()].add(life) }
                output(decision.line)
            case .deadLetter: summary.deadLetters += 1
            case .deliver(let delivery) where delivery.channel == .command: commands.append(delivery.key)
            case .interval(let interval): account.add(interval, calendar)
            case .incident(let incident): account.add(DowntimeAccount.IncidentFact(incident))
            case .deliver, .withdraw, .history: break
            }
        }
    }
}
