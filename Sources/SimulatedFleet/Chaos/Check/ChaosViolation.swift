/// Something that must not be, whatever goes wrong in the world.
public struct ChaosViolation: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A supplier took two orders for one cartridge's successor.
        case doubleOrder = "double order"
        /// An order while the cartridge in the slot was not low.
        case orderWithoutNeed = "order without need"
        /// A device executed a command whose deadline was over.
        case lateCommand = "late command"
        /// A command left for a device under maintenance.
        case commandInMaintenance = "command in a maintenance window"
        /// Far later than in the clean world, though the gateway could hear the device. Some are allowed.
        case laterOrder = "later order"
        /// The state after a restart is another one, or outgrows its bound.
        case invariant = "invariant"
    }

    public var kind: Kind
    public var atMilliseconds: Int64
    public var device: String
    public var text: String
    /// The last messages of the device and decisions about it, the newest last.
    public var story: [String] = []
}
