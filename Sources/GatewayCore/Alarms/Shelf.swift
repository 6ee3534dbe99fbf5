import FaultDetection

/// A person has put an alarm aside for some time: it is detected and kept, and nothing is done about it. A shelf holds the condition of
/// a device, so an alarm that comes again meanwhile lies on it, too.
package struct Shelf: Equatable, Sendable, Codable {
    package let condition: String
    package let source: Alarm.Source
    /// In arrival time.
    package var untilMilliseconds: Int64
    package let by: String
    package let reason: String
}
