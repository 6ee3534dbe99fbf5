import GatewayCore

/// Whether the configured limits fit the memory that the gateway may take.
///
/// Measured with `Tests/Benchmarks/memory.py`: 20,000 young devices of ten metrics are 94 MiB of state and 172 MiB of memory, and
/// 317 MiB at the worst moment: a reload with the snapshot that follows it under load, when most of the state lies there twice.
enum MemoryNeed {
    static let emptyBytes = 32 << 20
    /// Of ten metrics and two supplies, without detectors.
    static let usualDeviceBytes = 5_200
    /// A detector after three weeks of readings at all half-hours of the week. Younger ones take less (`steward-tools bench`).
    static let detectorBytes = 1_600
    /// The memory at the worst moment, as a multiple of the state.
    static let worstFactor = 2.2

    /// At the worst moment, with as many devices and watched metrics as the limits allow.
    static func bytes(_ configuration: CoreConfiguration, deviceBytes: Int = usualDeviceBytes) -> Int {
        let state =
            Double(configuration.maximumDevices) * Double(deviceBytes) + Double(configuration.maximumAnomalyMetrics) * Double(detectorBytes)
        return emptyBytes + Int(state * worstFactor)
    }

    /// The warning when the limits do not fit; nil when they do. From 100 devices on their measured size counts.
    /// - Parameter stateBytes: what they take without detectors.
    /// - Parameter available: what the control group or `limits.memoryMegabytes` allows; nil for all there is.
    static func warning(_ configuration: CoreConfiguration, devices: Int, stateBytes: Int, available: Int?) -> String? {
        guard let available else { return nil }
        var deviceBytes = usualDeviceBytes
        if devices >= 100 { deviceBytes = max(deviceBytes, stateBytes / devices) }
        let need = bytes(configuration, deviceBytes: deviceBytes)
        guard need > available else { return nil }
        return
            "limits.devices (\(configuration.maximumDevices)) and limits.anomalyMetrics (\(configuration.maximumAnomalyMetrics)) may need "
            + "\(need >> 20) MiB, and \(available >> 20) MiB are allowed: lower them, or raise MemoryMax of the unit"
    }
}
