/// Objects and lists as closures, so that none is left open.
extension JSONWriter {
    /// The bytes of one object whose members `members` writes.
    public static func object(_ members: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter()
        try writer.object(members)
        return writer.bytes
    }

    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try members(&self)
        endObject()
    }

    public mutating func object(_ name: String, _ members: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try object(members)
    }

    /// A list, of each item what `write` writes.
    public mutating func array<Item>(
        _ name: String, of items: some Sequence<Item>, _ write: (inout JSONWriter, Item) throws -> Void
    ) rethrows {
        key(name)
        beginArray()
        for item in items { try write(&self, item) }
        endArray()
    }

    /// A list of objects, of each item the members that `members` writes.
    public mutating func objects<Item>(
        _ name: String, of items: some Sequence<Item>, _ members: (inout JSONWriter, Item) throws -> Void
    ) rethrows {
        try array(name, of: items) { writer, item in try writer.object { try members(&$0, item) } }
    }

    public mutating func strings(_ name: String, _ texts: some Sequence<String>) { array(name, of: texts) { $0.string($1) } }
}
