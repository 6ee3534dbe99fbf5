/// A day of the week. The raw values count from Sunday as 0, as `tm_wday` of POSIX and the footer of a TZif file do, and stored windows hold them.
@frozen public enum Weekday: Int, CaseIterable, Codable, Sendable {
    case sunday, monday, tuesday, wednesday, thursday, friday, saturday

    /// The weekday of a day counted from 1970-01-01, which was a Thursday. Total: any number is allowed.
    @inlinable public init(daysSince1970 days: Int) {
        switch (days % 7 + 11) % 7 {
        case 0: self = .sunday
        case 1: self = .monday
        case 2: self = .tuesday
        case 3: self = .wednesday
        case 4: self = .thursday
        case 5: self = .friday
        default: self = .saturday
        }
    }

    /// The English name in any case.
    public init?(name: String) {
        guard let place = Self.names.firstIndex(of: name.lowercased()) else { return nil }
        self = Self.allCases[place]
    }

    /// The names from Sunday on, as configuration and API write them.
    public static let names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    /// The order of ISO 8601.
    public static let fromMonday: [Weekday] = [.monday, .tuesday, .wednesday, .thursday, .friday, .saturday, .sunday]

    public var name: String { Self.names[rawValue] }
    /// `Mon`, as RFC 5322 and tables write it.
    public var shortName: String { Self.shortNames[rawValue] }
    private static let shortNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    @inlinable public var isWeekend: Bool { self == .saturday || self == .sunday }
}
