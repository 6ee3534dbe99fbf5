import Telemetry

/// The layout of a profile for messages of devices that are not known. What a trial has learned is forgotten after it.
struct TrialLayouts: Sendable {
    /// As it was loaded. To build it takes milliseconds, and chatty strangers send thousands of messages.
    private let loaded: ProfileLayout
    var working: ProfileLayout

    init(_ profile: DeviceProfile) {
        loaded = ProfileLayout(profile)
        working = loaded
    }

    mutating func forgetGrowth() {
        if !working.growth.isNothing { working = loaded }
    }
}
