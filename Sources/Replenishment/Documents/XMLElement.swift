/// One element of a small XML document, whole in memory. Where it comes from has bounded size, depth and number.
public struct XMLElement: Equatable, Sendable {
    public var name: String
    public var attributes: [String: String] = [:]
    public var children: [XMLElement] = []
    /// All text directly in it, without blanks around.
    public var text = ""

    /// The first child of that name, step by step.
    public func first(_ path: String...) -> XMLElement? {
        path.reduce(Optional(self)) { element, name in element?.children.first { $0.name == name } }
    }

    public func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Builds the tree from the pieces of a reader.
public struct XMLTreeBuilder: Sendable {
    private var open: [XMLElement] = []
    public private(set) var root: XMLElement?

    public init() {}

    public mutating func start(_ name: String, _ attributes: [(String, String)]) {
        open.append(XMLElement(name: name, attributes: Dictionary(attributes) { first, _ in first }))
    }

    public mutating func text(_ text: String) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += text
    }

    public mutating func end() {
        guard var element = open.popLast() else { return }
        let isBlank = { (character: Character) in character.isWhitespace }
        element.text = String(element.text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}

/// Writes XML: every text is escaped, and what XML 1.0 cannot hold is left out.
public struct XMLWriter: Sendable {
    public private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    public init(documentType: String? = nil) {
        if let documentType { text += "<!DOCTYPE \(documentType)>\n" }
    }

    public var bytes: [UInt8] { Array(text.utf8) }

    public mutating func element(_ name: String, _ attributes: [(String, String?)] = [], _ body: (inout XMLWriter) -> Void) {
        text += "<\(name)" + Self.list(attributes) + ">"
        body(&self)
        text += "</\(name)>"
    }

    public mutating func element(_ name: String, _ attributes: [(String, String?)] = [], text content: String) {
        element(name, attributes) { $0.text += Self.escaped(content) }
    }

    private static func list(_ attributes: [(String, String?)]) -> String {
        attributes.map { name, value in value.map { " \(name)=\"\(escaped($0))\"" } ?? "" }.joined()
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: if scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }
}
