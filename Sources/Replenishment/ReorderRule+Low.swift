extension ReorderRule {
    /// A device that knows no numbers says "low" when somebody should order: there is nothing better to go by.
    public static let reasonOfLow = "the device says that it is low, and there is no forecast yet"
}
