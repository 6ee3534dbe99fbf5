/// The clocks of devices that are wrong, or that may be (`DeviceState.hasClock`): of all others nothing is kept.
struct DeviceClocks: Sendable {
    private var clocks: [DeviceIndex: DeviceClock] = [:]

    subscript(device: DeviceIndex) -> DeviceClock {
        get { clocks[device] ?? DeviceClock() }
        set { clocks[device] = newValue.isOrdinary ? nil : newValue }
    }

    func memory(of device: DeviceIndex) -> DeviceClock? { clocks[device] }
    mutating func vacate(_ device: DeviceIndex) { clocks[device] = nil }
}
