/// A message that a simulated device publishes, or is sent.
public struct FleetMessage: Sendable, Equatable {
    public var topic: String
    /// JSON.
    public var payload: [UInt8]
}

/// What a device did with a command.
public enum CommandDisposition: Sendable, Equatable {
    /// It answered, and may have acted.
    case answered
    /// The same request came before: it answered again, and did nothing.
    case repeated
    /// It said nothing: the fault keeps it from answering, or the request cannot be read.
    case ignored
}

/// What happened to a device that a customer notices.
public enum FleetHappening: Sendable, Equatable {
    case faultBegan(device: String)
    /// The device works again; `byCommand` tells whether a command mended it.
    case recovered(device: String, byCommand: Bool, afterMilliseconds: Int64)
    case installed(device: String, supply: String)
}
