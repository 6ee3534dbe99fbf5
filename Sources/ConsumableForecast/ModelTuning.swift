/// The numbers that were fitted to simulated and recorded fleets; everything else is learned from the device.
enum ModelTuning {
    /// Relative spread of what a page of one day costs against one of the next.
    static let coverage = 0.16
    /// Variance of the logarithm of the rate that a day adds.
    static let driftVariance = 0.0015
    /// Chance of a day that the rate leaps to another level, and the squared relative error that this adds to a horizon.
    static let jumpPerDay = 0.003
    static let jumpEffect = 0.5
    /// Share of the days on which nobody prints though the weekday says so, and of those that fit nothing.
    static let holidayShare = 0.1
    static let burstShare = 0.1
}
