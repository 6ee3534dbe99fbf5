import Documents

extension JSONWriter {
    /// `[{"file","line","column","message"},…]`
    public mutating func write(_ diagnostics: [Diagnostic]) {
        beginArray()
        for diagnostic in diagnostics {
            beginObject()
            member("file", diagnostic.file)
            member("line", diagnostic.position.line)
            member("column", diagnostic.position.column)
            member("message", diagnostic.message)
            endObject()
        }
        endArray()
    }
}
