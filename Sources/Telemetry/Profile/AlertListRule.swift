/// A list of codes that the device itself reports, such as `["jam"]` or Bambu Lab's HMS pairs.
public struct AlertListRule: Equatable, Sendable {
    public enum CodeForm: Equatable, Sendable {
        /// Each item is a string or a number, taken as it is.
        case plain
        /// Each item is an object; the member is taken as it is.
        case member(String)
        /// Each item is an object whose two 32-bit numbers are written as `PREFIX_XXXX_XXXX_XXXX_XXXX`.
        case hexPair(prefix: String, high: String, low: String)
        /// A whole number whose bits are codes; bit 0 is the lowest.
        case bits([Int: String])
    }
    public var path: PathPattern
    public var form: CodeForm
    public var codes: [AlertCodeRule]
    public var defaultSeverity: Severity
    public var message: String?
}

public struct AlertCodeRule: Equatable, Sendable {
    public var code: String
    public var severity: Severity
    public var text: String
    public var playbook: String?
}
