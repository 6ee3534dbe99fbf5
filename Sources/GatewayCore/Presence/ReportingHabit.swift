import CivilCalendar
import Documents

/// How often a device lets itself be heard, learned from the gaps between its messages, and after how long without one it counts as silent.
///
/// A gap as long as others before it is no sign of trouble. So the limit is above every gap of a length that came more than once lately; one gap
/// alone, which may have been a fault, teaches nothing. What is remembered fades by a twentieth a day: it outlasts a weekend, and a habit that the
/// device gave up is forgotten within three weeks.
///
/// Long gaps begin at habitual times, as when people switch a device off in the evening. Where enough of them are known and none begins about the
/// time of the last message, they say nothing about it: a device that stops in the middle of its working day is found as fast as one that never
/// pauses.
///
/// Whole numbers only, so that every machine decides the same. 64 bytes a device.
package struct ReportingHabit: Equatable, Sendable {
    /// Gaps up to this are of no interest, because every limit is at least one and a half of them.
    package static let shortestGapMilliseconds: Int64 = 600_000
    /// No learned limit is shorter, whatever the device does.
    static let shortestLimitMilliseconds: Int64 = 900_000
    /// Nor longer: a device that is heard once a week is no longer told from a dead one by silence.
    static let longestLimitMilliseconds: Int64 = 3 * 86_400_000
    /// While little is known of the device, it may be one that reports once a day.
    static let patientLimitMilliseconds: Int64 = 26 * 3_600_000
    /// Quarters of an hour in which it has to be heard before that is over.
    static let visitsToLearn: UInt8 = 6

    /// The longest gap of each class but the last: the square root of two apart. A limit is five thirds of it, which is more than twice the periods at
    /// which devices report (a quarter of an hour, one, two, six, twelve hours, a day), so that one report that is lost is no silence.
    private static let classEnds: [Int64] = [
        848_528, 1_200_000, 1_697_056, 2_400_000, 3_394_112, 4_800_000, 6_788_225, 9_600_000, 13_576_450, 19_200_000, 27_152_900,
        38_400_000,
        54_305_800, 76_800_000, 108_611_600,
    ]
    private static let lastClass = classEnds.count
    /// From this class on, above 3.8 hours, the time at which gaps begin is learned too.
    private static let firstLongClass = 9
    private static let dayMilliseconds: Int64 = 86_400_000
    /// The day in UTC has sixteen of these. A habit that follows summer time moves by less than one.
    private static let partMilliseconds: Int64 = 5_400_000

    /// What one gap adds to its class, and what a class can hold.
    private static let gapWeight: UInt8 = 64
    private static let fullWeight: UInt8 = 192
    /// The same for the part of the day in which a long gap began.
    private static let beginWeight: UInt8 = 10
    private static let fullBeginWeight: UInt8 = 250
    /// So much of them is known after about a dozen long gaps.
    private static let wantedBeginWeight = 100

    /// For each class how many gaps are remembered that were so long or longer, faded by their age. Long ones count among the long classes only.
    private var gaps = SIMD16<UInt8>(repeating: 0)
    /// For each part of the day how many long gaps began in it, likewise.
    private var begins = SIMD16<UInt8>(repeating: 0)
    /// When the newest of the visits began, and until when the memory has faded, in arrival time.
    private var visitMilliseconds: Int64 = 0
    private var fadedMilliseconds: Int64 = 0
    /// Gaps above the shortest that ever taught something.
    package private(set) var learnedGaps: UInt16 = 0
    /// Quarters of an hour in which it was heard; 0 before the first message.
    private var visits: UInt8 = 0
    /// Follows from the rest and from the time of the last message, so no snapshot holds it.
    private var limitSeconds = UInt32(patientLimitMilliseconds / 1000)

    init() {}

    /// Arrival time without a message after which it counts as silent.
    package var limitMilliseconds: Int64 { Int64(limitSeconds) * 1000 }
    /// It was not heard often enough yet.
    package var isYoung: Bool { visits < Self.visitsToLearn }
    var isBlank: Bool { visits == 0 }

    /// The device was heard at `now`, and before that at `last`; both are arrival times.
    /// - Parameter isKnown: the gateway listened all the time in between, so that the gap is the device's.
    /// - Returns: true when the limit may be another one.
    @inline(__always)
    mutating func hear(at now: Int64, last: Int64, isKnown: Bool) -> Bool {
        if now &- last <= Self.shortestGapMilliseconds, !isYoung, Self.part(now) == Self.part(last) { return false }
        learn(at: now, last: last, isKnown: isKnown)
        return true
    }

    @inline(never)
    private mutating func learn(at now: Int64, last: Int64, isKnown: Bool) {
        if isBlank {
            (visitMilliseconds, fadedMilliseconds, visits) = (now, now, 1)
        } else {
            fade(to: now)
            if isKnown { note(gap: now &- last, since: last) }
            if now &- visitMilliseconds >= Self.shortestLimitMilliseconds {
                visitMilliseconds = now
                if isYoung { visits += 1 }
            }
        }
        findLimit(heardAt: now)
    }

    private mutating func fade(to now: Int64) {
        // After a year nothing is left of anything.
        var days = min((now &- fadedMilliseconds) / Self.dayMilliseconds, 365)
        guard days > 0 else { return }
        fadedMilliseconds = now &- (now &- fadedMilliseconds) % Self.dayMilliseconds
        while days > 0 {
            Self.fade(&gaps)
            Self.fade(&begins)
            days -= 1
        }
    }

    private static func fade(_ weights: inout SIMD16<UInt8>) {
        for place in weights.indices { weights[place] -= UInt8((Int(weights[place]) + 19) / 20) }
    }

    private mutating func note(gap: Int64, since last: Int64) {
        guard gap > Self.shortestGapMilliseconds else { return }
        let kind = Self.classEnds.firstIndex { gap <= $0 } ?? Self.lastClass
        for place in (kind >= Self.firstLongClass ? Self.firstLongClass : 0)...kind {
            gaps[place] = min(gaps[place], Self.fullWeight - Self.gapWeight) + Self.gapWeight
        }
        if learnedGaps < .max { learnedGaps += 1 }
        guard kind >= Self.firstLongClass else { return }
        let part = Self.part(last)
        begins[part] = min(begins[part], Self.fullBeginWeight - Self.beginWeight) + Self.beginWeight
    }

    private static func part(_ time: Int64) -> Int { Int(truncatingIfNeeded: time / partMilliseconds) & 15 }

    private mutating func findLimit(heardAt last: Int64) {
        let highest = beginsLongGaps(at: last) ? Self.lastClass : Self.firstLongClass - 1
        var limit = Self.shortestLimitMilliseconds
        for kind in stride(from: highest, through: 0, by: -1) where gaps[kind] > Self.gapWeight {
            limit = kind == Self.lastClass ? Self.longestLimitMilliseconds : Self.classEnds[kind] * 5 / 3
            break
        }
        if isYoung { limit = max(limit, Self.patientLimitMilliseconds) }
        limitSeconds = UInt32(min(limit, Self.longestLimitMilliseconds) / 1000)
    }

    /// Whether a long gap may begin now: some do about this time of the day, or too few are known to tell.
    private func beginsLongGaps(at time: Int64) -> Bool {
        let part = Self.part(time)
        let known = begins.indices.reduce(0) { $0 + Int(begins[$1]) }
        let near = Int(begins[(part + 15) & 15]) + Int(begins[part]) + Int(begins[(part + 1) & 15])
        // Were they spread over the day, a dozen would leave these three of sixteen parts empty once in twelve times.
        return known < Self.wantedBeginWeight || near * 16 > known
    }

    /// The gateway's clock was set. What is known of times of the day belongs to the former clock; after a step of seconds it still holds.
    /// - Parameter last: when it was heard last, by the new clock.
    mutating func shift(byMilliseconds step: Int64, last: Int64) {
        guard !isBlank else { return }
        visitMilliseconds = visitMilliseconds.shifted(byMilliseconds: step)
        fadedMilliseconds = fadedMilliseconds.shifted(byMilliseconds: step)
        if step.magnitude > Self.partMilliseconds.magnitude / 2 { begins = SIMD16(repeating: 0) }
        findLimit(heardAt: last)
    }

    // MARK: Snapshot

    func write(to writer: inout ByteWriter) {
        for place in gaps.indices { writer.write(gaps[place]) }
        for place in begins.indices { writer.write(begins[place]) }
        writer.write(visitMilliseconds)
        writer.write(fadedMilliseconds)
        writer.write(learnedGaps)
        writer.write(visits)
    }

    /// - Parameter last: when the device was heard last.
    init(from reader: inout ByteReader, last: Int64) throws {
        for place in gaps.indices { gaps[place] = min(try reader.integer(), Self.fullWeight) }
        for place in begins.indices { begins[place] = min(try reader.integer(), Self.fullBeginWeight) }
        visitMilliseconds = try reader.integer()
        fadedMilliseconds = try reader.integer()
        learnedGaps = try reader.integer()
        visits = min(try reader.integer(), Self.visitsToLearn)
        if !isBlank { findLimit(heardAt: last) }
    }
}
