import Glibc
import Threading

/// What standard output can show.
package struct Terminal: Sendable {
    package enum Colour: String, Sendable {
        case red = "31"
        case boldRed = "1;31"
        case yellow = "33"
        case green = "32"
        case cyan = "36"
        case dim = "2"
        case bold = "1"
    }

    package var isColoured = false
    /// Nil when nothing limits a line.
    package var columns: Int?
    /// For "3 min ago".
    package var nowMilliseconds: Int64 = 0

    /// That of the process. Colours need a terminal and no `NO_COLOR` (no-color.org); `COLUMNS` wins over the terminal's own width.
    package static func current() -> Terminal {
        var terminal = Terminal()
        let isTerminal = isatty(STDOUT_FILENO) == 1
        terminal.isColoured = isTerminal && environment("NO_COLOR") == nil && environment("TERM") != "dumb"
        var size = winsize()
        if let columns = environment("COLUMNS").flatMap({ Int($0) }), (1...10_000).contains(columns) {
            terminal.columns = columns
        } else if isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            terminal.columns = Int(size.ws_col)
        }
        terminal.nowMilliseconds = Clock.systemMilliseconds()
        return terminal
    }

    /// Nil also when it is set to nothing.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    package func paint(_ text: String, _ colour: Colour?) -> String {
        guard isColoured, let colour, !text.isEmpty else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }
}
