import FaultDetection

/// A person has put an alarm aside for some time: it is detected and kept, and nothing is done about it. A shelf holds the condition of
/// a device, so an alarm that comes again meanwhile lies on it, too.
struct Shelf: Equatable, Sendable, Codable {
    var condition: String
    var source: Alarm.Source
    /// In arrival time.
    var untilMilliseconds: Int64
    var by: String
    var reason: String
}
