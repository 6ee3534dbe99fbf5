/// The clocks of devices that are wrong, or that may be (`DeviceState.hasClock`): of all others nothing is kept.
package struct DeviceClocks: Sendable {
    private var clocks: [DeviceIndex: DeviceClock] = [:]
    /// How often a clock was found to be wrong, or right again.
    package internal(set) var changes: Int64 = 0

    /// Devices whose clock is wrong now.
    package var wrong: Int { clocks.values.count { $0.isWrong } }

    package internal(set) subscript(device: DeviceIndex) -> DeviceClock {
        get { clocks[device] ?? DeviceClock() }
        set { clocks[device] = newValue.isOrdinary ? nil : newValue }
    }

    func memory(of device: DeviceIndex) -> DeviceClock? { clocks[device] }
    mutating func vacate(_ device: DeviceIndex) { clocks[device] = nil }
}
