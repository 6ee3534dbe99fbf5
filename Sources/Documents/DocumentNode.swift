/// A value of a JSON5 document together with the place where it stands, so that a mistake can be named by line and column.
public struct DocumentNode: Equatable, Sendable {
    public var value: DocumentValue
    public var position: SourcePosition

    public init(_ value: DocumentValue, at position: SourcePosition = SourcePosition(line: 1, column: 1)) {
        self.value = value
        self.position = position
    }
}

/// One member of an object. The order of the file is kept.
public struct DocumentMember: Equatable, Sendable {
    public var key: String
    public var keyPosition: SourcePosition
    public var node: DocumentNode

    public init(key: String, keyPosition: SourcePosition, node: DocumentNode) {
        self.key = key
        self.keyPosition = keyPosition
        self.node = node
    }
}

/// What a JSON5 document is made of. A number keeps its text, so that integers beyond 2^53 survive.
public indirect enum DocumentValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double, text: String)
    case string(String)
    case array([DocumentNode])
    case object([DocumentMember])

    /// The kind in words for error messages.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A place in a file. Lines and columns count from 1; columns count bytes.
public struct SourcePosition: Equatable, Hashable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A mistake in a file that a person wrote: where it is and what was expected.
public struct Diagnostic: Error, Equatable, Sendable, CustomStringConvertible {
    public var file: String
    public var position: SourcePosition
    public var message: String

    public init(file: String, position: SourcePosition, message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    public var description: String { "\(place): \(message)" }

    /// As a line about something that is no mistake.
    public var warning: String { "\(place): warning: \(message)" }

    private var place: String { "\(file):\(position.line):\(position.column)" }
}

/// All mistakes of one reading, so that a person can mend them in one go.
public struct DocumentProblems: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

extension DocumentNode {
    // What the value is; nil for one of another kind.
    public var text: String? { if case .string(let text) = value { text } else { nil } }
    public var number: Double? { if case .number(let number, _) = value { number } else { nil } }
    public var flag: Bool? { if case .bool(let flag) = value { flag } else { nil } }
    public var items: [DocumentNode]? { if case .array(let items) = value { items } else { nil } }

    /// The value of a member; nil where there is no such member, and where this is no object.
    public func member(_ key: String) -> DocumentNode? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.key == key }?.node
    }

    /// Writes the value as plain JSON, without white space.
    public func write(to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let flag): writer.bool(flag)
        case .number(let number, let text):
            if let whole = Int64(text) { writer.integer(whole) } else { writer.number(number) }
        case .string(let text): writer.string(text)
        case .array(let items):
            writer.beginArray()
            for item in items { item.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.node.write(to: &writer)
            }
            writer.endObject()
        }
    }
}
