import CivilCalendar
import Glibc
import Synchronization
import Threading

/// Lines for the journal: `level message key=value`, one line each, with every foreign string escaped.
public enum Log {
    public enum Level: Int, Sendable {
        case error = 3
        case warning = 4
        case info = 6
    }

    private static let underSystemd = getenv("JOURNAL_STREAM") != nil

    public static func info(_ message: String, _ values: KeyValuePairs<String, String> = [:]) { write(.info, message, values) }
    public static func warning(_ message: String, _ values: KeyValuePairs<String, String> = [:]) { write(.warning, message, values) }
    public static func error(_ message: String, _ values: KeyValuePairs<String, String> = [:]) { write(.error, message, values) }

    private static func write(_ level: Level, _ message: String, _ values: KeyValuePairs<String, String>) {
        #if DEBUG
            // A simulation has thousands of starts, and says itself what failed.
            if SimulatedTime.isOn { return }
        #endif
        // journald reads the level from the prefix, and gives the time itself.
        var line = underSystemd ? "<\(level.rawValue)>" : "\(UTCText.rfc3339(Clock.wallMilliseconds()) ?? "?") \(level) "
        line += escaped(message)
        for (key, value) in values { line += " \(key)=\(quoted(value))" }
        line += "\n"
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func quoted(_ text: String) -> String {
        let plain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        return plain ? text : "\"" + escaped(text, quotes: true) + "\""
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isFormat = scalar.properties.generalCategory == .format || scalar.properties.generalCategory == .control
            if isFormat {
                result += scalar == "\n" ? "\\n" : "\\u{" + String(scalar.value, radix: 16) + "}"
            } else if quotes, scalar == "\"" || scalar == "\\" {
                result += "\\" + String(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
