/// What an effect is estimated on. Each is an amount over an exposure, so that days add up to windows and devices to sites.
public enum EffectOutcome: String, Codable, CaseIterable, Sendable {
    /// Hours of unscheduled downtime over days that the device's state was known for (known hours / 24).
    case downtime
    /// Hours from onset to restoration over incidents, both on the day of the onset.
    case timeToRestore = "time-to-restore"
    /// Tickets over known days / 30.4375.
    case tickets
    /// Hours in which a supply was out over known days.
    case hoursWithoutSupplies = "hours-without-supplies"
    /// Answers of 5 to 7 over answers.
    case ces
    /// Sum of the answers' means of both values over answers.
    case ves

    /// The amount for one unit of exposure, for people.
    public var unit: String {
        switch self {
        case .downtime: "h per device-day"
        case .timeToRestore: "h per incident"
        case .tickets: "per device-month"
        case .hoursWithoutSupplies: "h per device-day"
        case .ces: "share of answers"
        case .ves: "points of 7"
        }
    }

    /// Whether more of it is better.
    public var isBetterHigh: Bool { self == .ces || self == .ves }

    /// Devices have much the same exposure to days, and each counts once. Incidents and answers are what counts where these are the
    /// exposure: a device without any says nothing, one with many says much.
    public var weighing: EffectWeighing {
        switch self {
        case .downtime, .tickets, .hoursWithoutSupplies: .device
        case .timeToRestore, .ces, .ves: .exposure
        }
    }
}

/// What counts once in a mean over many devices.
public enum EffectWeighing: String, Codable, CaseIterable, Sendable {
    /// Each device: the mean over devices of amount / exposure.
    case device
    /// Each unit of exposure: Σ amount / Σ exposure, a ratio of two sums that both vary between devices.
    case exposure
}

/// The arm of a rollout with a holdout.
public enum RolloutArm: String, Codable, CaseIterable, Sendable {
    /// As before.
    case control
    /// What is rolled out is switched on.
    case treatment
}
