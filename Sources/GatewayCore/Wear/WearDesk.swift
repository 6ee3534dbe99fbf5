import Documents
import FaultDetection
import Hashing
import Telemetry

/// What is remembered of wear: for each device the trends of the faults that its profile wants forecast, in the order of the profile.
package struct WearDesk: Sendable {
    private var trends = Table<DeviceIndex, [WearTrend]>()

    /// Memory of it, in bytes. Nothing where no profile asks.
    var stateBytes: Int {
        trends.indices.reduce(0) { sum, device in
            sum + MemoryLayout<[WearTrend]>.stride + trends[device].reduce(0) { $0 + $1.stateBytes }
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
        trends[device][place].take(
            distance, atMilliseconds: time, holdMilliseconds: holdMilliseconds, gapMilliseconds: gapMilliseconds, counter: counter)
    }

    mutating func vacate(_ device: DeviceIndex) { if trends.contains(device) { trends[device] = [] } }

    mutating func shift(_ device: DeviceIndex, byMilliseconds step: Int64) {
        guard trends.contains(device) else { return }
        for place in trends[device].indices { trends[device][place].shift(byMilliseconds: step) }
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
        }
    }
}
