/// All simulated devices of a site; still without clock and I/O.
public struct Fleet: Sendable {
    public static let maximumDevices = 20_000

    public private(set) var devices: [SimulatedDevice] = []
    private var indexes: [String: Int] = [:]

    /// - Parameters:
    ///   - count: 1 to `maximumDevices`, of which half are office printers, a fifth label printers, a fifth 3D printers, and a
    ///     twentieth each pumps and compressors.
    ///   - liveStart: milliseconds since 1970; the past is told from `historyDays` before it.
    public init(count: Int, seed: UInt64, liveStart: Int64, historyDays: Int, reportMilliseconds: Int64, faultsPerDevicePerHour: Double) {
        let count = min(Self.maximumDevices, max(1, count))
        let historyStart = liveStart - Int64(max(0, historyDays)) * WorkingHours.dayMilliseconds
        for (kind, number) in Self.makeUp(count) {
            let id = kind.name(number)
            let hasShortSupply = kind == .officePrinter ? number % 6 == 1 : (kind == .labelPrinter && number % 4 == 1)
            let phase = Int64(devices.count) * reportMilliseconds / Int64(count)
            let plan = DevicePlan(
                historyStart: historyStart, liveStart: liveStart, reportMilliseconds: reportMilliseconds, phaseMilliseconds: phase,
                faultsPerHour: faultsPerDevicePerHour, isNearEnd: hasShortSupply)
            indexes[id] = devices.count
            devices.append(SimulatedDevice(id: id, kind: kind, plan: plan, seed: seed))
        }
    }

    static func makeUp(_ count: Int) -> [(kind: DeviceKind, number: Int)] {
        let label = count / 5
        let filament = count / 5
        let pumps = count / 20
        let compressors = count / 20
        let office = count - label - filament - pumps - compressors
        let shares: [(DeviceKind, Int)] = [
            (.officePrinter, office), (.labelPrinter, label), (.filamentPrinter, filament), (.pump, pumps), (.compressor, compressors),
        ]
        return shares.flatMap { kind, share in (0..<share).map { (kind, $0 + 1) } }
    }

    public subscript(id: String) -> SimulatedDevice? { indexes[id].map { devices[$0] } }

    /// Lets time pass for all devices. Each device's messages are in the order of its event times.
    public mutating func step(to milliseconds: Int64) -> [FleetMessage] {
        var messages: [FleetMessage] = []
        for index in devices.indices { messages += devices[index].step(to: milliseconds) }
        return messages
    }

    public mutating func skip(to milliseconds: Int64) {
        for index in devices.indices { devices[index].skip(to: milliseconds) }
    }

    /// A command by its topic; unknown devices are silent.
    public mutating func receive(topic: String, payload: [UInt8], at: Int64) -> (messages: [FleetMessage], disposition: CommandDisposition)
    {
        guard let index = DeviceRequest.device(of: topic).flatMap({ indexes[String($0)] }) else { return ([], .ignored) }
        return devices[index].receive(topic: topic, payload: payload, at: at)
    }

    /// False when there is no such device or slot.
    public mutating func install(device: String, supply: String, at: Int64) -> Bool {
        guard let index = indexes[device] else { return false }
        return devices[index].install(supply: supply, at: at)
    }

    public mutating func drainHappenings() -> [FleetHappening] {
        var all: [FleetHappening] = []
        for index in devices.indices { all += devices[index].drainHappenings() }
        return all
    }
}
