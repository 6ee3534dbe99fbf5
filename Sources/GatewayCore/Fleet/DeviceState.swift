import Telemetry

/// What the hot path touches of a device. Plain data in one flat array.
package struct DeviceState: Sendable {
    package internal(set) var profile: ProfileIndex
    /// Where its table of metric pages lies, and how many pages it has room for.
    var firstPage: Int32 = 0
    var pageCount: Int32 = 0
    /// Where the block lies in which its conditions remember.
    var firstCell: Int32
    package internal(set) var newestMilliseconds: Int64 = .min
    package internal(set) var arrivalMilliseconds: Int64 = .min
    package internal(set) var messages: Int64 = 0
    /// The place of the detector of the device as a whole, or -1.
    var machine = MetricWatch.none
    package internal(set) var isSilent = false
    /// Its newest message had no time of its own that could be believed, so our clock is its only one.
    var isDatedByArrival = false
    /// The message that is as new as `newestMilliseconds` had no such time.
    var isNewestByArrival = false
    /// It reports a code with which it cannot work (`downWhen` of its profile). Follows from the codes, so no snapshot holds it.
    var isDownByCode = false
    /// Its clock is wrong, or may be: something is kept of it (`DeviceClocks`).
    var hasClock = false
    /// The last lists of device alerts, by their hash; a profile has at most four lists.
    var alertHashes: SIMD4<UInt64> = SIMD4(repeating: ReportedAlerts.emptyHash)
    /// When each of these lists was told last, in event time, and for each whether that was an arrival (a bit a list).
    var alertMilliseconds: SIMD4<Int64> = SIMD4(repeating: .min)
    var alertsDatedByArrival: UInt8 = 0
    /// Members that it has added to the tree that it shares with others, since the start.
    var broughtFields: Int32 = 0
    /// The device is gone, and its place waits for another.
    package internal(set) var isVacant = false
    /// Dead letters for single fields are told once an hour a device.
    var fieldProblemMilliseconds: Int64 = .min

    /// A list of codes was told at that event time, by the message that is being taken.
    @inline(__always)
    mutating func note(list: Int, at time: Int64) {
        alertMilliseconds[list] = time
        let bit: UInt8 = 1 << UInt8(list)
        alertsDatedByArrival = isDatedByArrival ? alertsDatedByArrival | bit : alertsDatedByArrival & ~bit
    }
}

/// What is needed of a device only when something happens.
package struct DeviceRecord: Sendable {
    package internal(set) var id: String
    /// The device that this one hangs on, such as its bridge.
    package internal(set) var parent: String?
    /// Lead time that the topic tells, in days.
    var topicLeadDays: Double?
    /// Since when it is expected, in arrival time; nil once it was heard, or when it is not.
    package internal(set) var expectedSinceMilliseconds: Int64?
    /// What it has added to the names that it shares with others (`Core+OwnLayout`).
    var broughtNames = 0
    /// How firm the firmest rule is on whose topics it has spoken.
    var claim = ClaimFirmness.yielding
    /// The hash of what stands before its name where its topics' patterns take anything; nil before its first topic.
    var source: UInt64?
    /// It had another such source, and that was told.
    var isSourceDoubtful = false

    init(id: String) { self.id = id }
}
