/// What the owner of the inbox needs of a connection to the broker: `IngestClient`, or a simulated one. It is called a few times a batch; each
/// message comes through the closure that the link was made with.
public protocol IngestLink: AnyObject {
    func receive(timeoutMilliseconds: Int32, maximumMessages: Int, maximumBytes: Int) throws(MQTTError) -> IngestClient.ReceiveResult
    func acknowledge()
    func maintain(nowMilliseconds: Int64)
    func want(_ filters: [String]) throws(MQTTError)
    func close()
    var deliveredMessages: Int { get }
    var sessionFilters: [String] { get }
    var grantedFilters: [String] { get }
    var refusals: [(filter: String, error: MQTTError)] { get }
}

extension IngestClient: IngestLink {}

/// Makes a link; what it takes is described at `IngestClient.init`.
public typealias IngestLinkMaker = (
    _ configuration: MQTTConfiguration, _ wakeDescriptor: Int32, _ sessionFilters: [String],
    _ onMessage: @escaping IngestClient.MessageHandler, _ onConnectionChange: @escaping (ConnectionEvent) -> Void
) throws(MQTTError) -> any IngestLink
