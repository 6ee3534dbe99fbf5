import Documents
import FaultDetection
import Hashing
import Telemetry

/// What is remembered of wear: for each device the trends of the faults that its profile wants forecast, in the order of the profile, and the
/// visits that are planned for them.
package struct WearDesk: Sendable {
    private var trends = Table<DeviceIndex, [WearTrend]>()
    /// Forecasts that were made, with the day of the trend that they are of: none is made twice a day. They follow from the trends, and are no state.
    private var forecasts: [DeviceIndex: [Forecast?]] = [:]
    /// Rows only where a profile plans visits.
    var visits = Table<DeviceIndex, DeviceVisits>()

    private struct Forecast: Sendable {
        var day: Int32
        var life: RemainingLife
    }

    /// Memory of it, in bytes. Nothing where no profile asks.
    var stateBytes: Int {
        trends.indices.reduce(visits.indices.reduce(0) { $0 + visits[$1].stateBytes }) { sum, device in
            sum + MemoryLayout<[WearTrend]>.stride + trends[device].reduce(0) { $0 + $1.stateBytes }
                + (forecasts[device]?.count ?? 0) * MemoryLayout<Forecast?>.stride
        }
    }

    /// What is known of a device's fault, by its place among the profile's `WearWatch`es.
    package func trend(_ device: DeviceIndex, _ place: Int) -> WearTrend {
        guard trends.contains(device), trends[device].indices.contains(place) else { return WearTrend() }
        return trends[device][place]
    }

    mutating func take(
        _ distance: Double, _ device: DeviceIndex, _ place: Int, of count: Int, at time: Int64, holdMilliseconds: Int64,
        gapMilliseconds: Int64, counter: Double?
    ) {
        trends.reach(device, with: [])
        while trends[device].count < count { trends[device].append(WearTrend()) }
        let began = trends[device][place].firstDay
        trends[device][place].take(
            distance, atMilliseconds: time, holdMilliseconds: holdMilliseconds, gapMilliseconds: gapMilliseconds, counter: counter)
        if trends[device][place].firstDay != began, began != .min { noteReplacement(device, place) }
    }

    /// In how many days the condition will be met, by a forecast of this day.
    mutating func life(_ device: DeviceIndex, _ place: Int, byLoad: Bool) -> RemainingLife {
        let trend = trend(device, place)
        var known = forecasts[device] ?? []
        if known.indices.contains(place), let forecast = known[place], forecast.day == trend.day { return forecast.life }
        let life = trend.remainingLife(byLoad: byLoad)
        while known.count <= place { known.append(nil) }
        known[place] = Forecast(day: trend.day, life: life)
        forecasts[device] = known
        return life
    }

    mutating func vacate(_ device: DeviceIndex) {
        forecasts[device] = nil
        if trends.contains(device) { trends[device] = [] }
        if visits.contains(device) { visits[device] = DeviceVisits() }
    }

    mutating func shift(_ device: DeviceIndex, byMilliseconds step: Int64) {
        guard trends.contains(device) else { return }
        forecasts[device] = nil
        for place in trends[device].indices { trends[device][place].shift(byMilliseconds: step) }
        if visits.contains(device) { visits[device].shift(byMilliseconds: step) }
    }

    // MARK: Snapshot and digest

    private func known(_ device: DeviceIndex, _ fleet: FleetState) -> [(fault: String, shape: UInt64, bytes: [UInt8])] {
        guard trends.contains(device), !trends[device].isEmpty else { return [] }
        let profile = fleet.profiles[fleet.devices[device].profile]
        return zip(profile.derived.wear, trends[device]).map { watch, trend in
            (profile.layout.profile.faults[watch.fault].id, watch.shape, ByteWriter.bytes(trend.write))
        }
    }

    /// The bytes of a part `wear`; nil where nothing is known.
    func bytes(of device: DeviceIndex, _ fleet: FleetState) -> [UInt8]? {
        let known = known(device, fleet)
        guard !known.isEmpty else { return nil }
        return ByteWriter.bytes { writer in
            writer.write(UInt32(known.count))
            for (fault, shape, bytes) in known {
                writer.write(fault)
                writer.write(shape)
                writer.write(blob: bytes)
            }
        }
    }

    /// What belongs to a fault that the profile has no more, or that is another one now, is let go.
    mutating func restore(_ device: DeviceIndex, _ content: [UInt8], _ fleet: FleetState) throws {
        var reader = ByteReader(content)
        let read = try reader.list { reader in
            (fault: try reader.text(), shape: try reader.integer(UInt64.self), bytes: try reader.blob())
        }
        let profile = fleet.profiles[fleet.devices[device].profile]
        let watches = profile.derived.wear
        guard !watches.isEmpty else { return }
        trends.reach(device, with: [])
        trends[device] = try watches.map { watch in
            let id = profile.layout.profile.faults[watch.fault].id
            guard let found = read.first(where: { $0.fault == id && $0.shape == watch.shape }) else { return WearTrend() }
            var reader = ByteReader(found.bytes)
            return try WearTrend(from: &reader)
        }
    }

    func digestLines(_ device: DeviceIndex, _ fleet: FleetState) -> [String] {
        known(device, fleet).map { fault, _, bytes in
            "wear \(fleet.records[device].id) \(fault) \(bytes.withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) })"
        } + visitLines(device, fleet)
    }
}
