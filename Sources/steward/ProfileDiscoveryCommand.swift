import Gateway
import Glibc
import TerminalProgram

/// `steward profile from-discovery`: profiles for devices that announce themselves to Home Assistant.
enum ProfileDiscoveryCommand: Subcommand {
    static let name = "profile from-discovery"
    static let summary = "propose a profile from what devices announce to Home Assistant"
    static let usage = Usage(
        options: [
            .value("file", "RECORDING", "a recording with the announcements, a line a message as replay reads it; - is standard input"),
            .value("broker", "HOST[:PORT]", "read what this broker has retained"),
            .value("config", "FILE", "read from the broker of the gateway's configuration"),
            .value("username", "NAME", "for --broker"),
            .value("password-file", "FILE", "for --broker"),
            .value("prefix", "TOPIC", "the first levels of announcements (default: homeassistant)"),
            .value("seconds", "N", "how long to listen at most, 1 to 600 (default: 10)"),
        ] + ProposalOutput.options,
        notes: """
            The profile is printed as a file, with comments on what was left out and why. Nothing is sent and nothing is changed.
            Broker and recording may be given in place of each other; a broker needs MQTT 5.
            """)

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let prefix = arguments.value("prefix") ?? "homeassistant"
        guard !prefix.isEmpty, !prefix.contains(where: { "+#\0".contains($0) }), !prefix.hasSuffix("/") else {
            throw UsageError("--prefix cannot be \(Arguments.shown(prefix)); it is the first levels of a topic, such as homeassistant")
        }
        let messages = try arguments.value("file").map { try ProposalInput.recording($0) } ?? retained(arguments, prefix)
        let proposal = DiscoveryProposal(messages.messages, prefix: prefix)
        let left = messages.droppedMessages > 0 ? ["left out: \(messages.droppedMessages) messages beyond what is read at once"] : []
        return try ProposalOutput.write(
            proposal.profiles, notes: left + proposal.notes, arguments,
            nothing: "no device announces itself under \(Arguments.shown(prefix))/")
    }

    private static func retained(_ arguments: Arguments, _ prefix: String) throws -> RecordedMessages {
        var configuration = GatewayConfiguration()
        if let path = arguments.value("config") {
            configuration = try ConfigurationReader.read(path: path)
        } else if let broker = arguments.value("broker") {
            (configuration.mqtt.host, configuration.mqtt.port) = try address(broker)
            configuration.mqtt.username = arguments.value("username")
            configuration.mqtt.passwordFile = arguments.value("password-file")
        } else {
            throw UsageError("one of --file RECORDING, --broker HOST[:PORT] and --config FILE says where the announcements are")
        }
        let text = arguments.value("seconds") ?? "10"
        guard let seconds = Int64(text), (1...600).contains(seconds) else {
            throw UsageError("--seconds cannot be \(Arguments.shown(text)); it is a whole number from 1 to 600")
        }
        let identity = "steward-discovery-\(getpid())"
        do {
            return try DiscoveryListener.listen(
                configuration, filters: [prefix + "/#"], clientID: identity, seconds: seconds,
                nowMilliseconds: Terminal.current().nowMilliseconds)
        } catch {
            throw CommandFailure("\(configuration.mqtt.host):\(configuration.mqtt.port): \(error)")
        }
    }

    /// `host`, `host:1884` or `[::1]:1884`.
    private static func address(_ text: String) throws -> (String, Int) {
        let colons = text.filter { $0 == ":" }.count
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            let port = rest.isEmpty ? 1883 : rest.hasPrefix(":") ? Int(rest.dropFirst()) : nil
            if let port, (1...65535).contains(port) { return (String(text[text.index(after: text.startIndex)..<end]), port) }
        } else if colons != 1, !text.isEmpty {
            return (text, 1883)
        } else if let colon = text.firstIndex(of: ":"), colon > text.startIndex, let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port)
        {
            return (String(text[..<colon]), port)
        }
        throw UsageError("--broker cannot be \(Arguments.shown(text)); it is HOST or HOST:PORT")
    }
}
