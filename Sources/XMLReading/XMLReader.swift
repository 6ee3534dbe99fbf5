import CLibXML

/// Reads an XML document of a stranger, piece by piece, with libxml2's streaming reader.
///
/// Nothing outside the bytes is ever touched: no network, no files, no DTD, no external entity. A document type may be named, as cXML
/// does, but not declare anything: that is where entity bombs and external entities come from. Size, depth and number of pieces are bounded.
public enum XMLReader {
    public struct Limits: Sendable {
        public var maximumBytes = 1 << 20
        public var maximumDepth = 64
        /// Elements, texts and attributes together.
        public var maximumPieces = 50_000

        public init() {}
    }

    /// What stands next in the document. Names are local names, without a prefix.
    public enum Piece: Equatable, Sendable {
        case start(name: String, attributes: [Attribute])
        case text(String)
        case end
    }

    public struct Attribute: Equatable, Sendable {
        public var name: String
        public var value: String
    }

    /// Hands every piece to `body` in the order of the document. Throws what is wrong; what came before was handed out.
    public static func read(_ bytes: [UInt8], limits: Limits = Limits(), _ body: (Piece) -> Void) throws(XMLProblem) {
        guard isReady else { throw XMLProblem("libxml2 could not be set up") }
        guard !bytes.isEmpty else { throw XMLProblem("the document is empty") }
        guard bytes.count <= limits.maximumBytes else {
            throw XMLProblem("the document has \(bytes.count) bytes; at most \(limits.maximumBytes) are read")
        }
        let result = bytes.withUnsafeBytes { buffer -> Result<Void, XMLProblem> in
            do throws(XMLProblem) {
                try walk(buffer, limits, body)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Once for the process; Swift initialises statics under a lock, which xmlInitParser wants.
    private static let isReady: Bool = {
        xmlInitParser()
        return true
    }()

    // Entities are not replaced (no NOENT) and no DTD is loaded (no DTDLOAD, DTDATTR, DTDVALID): the defaults, which must stay so.
    private static let options = Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue)

    private static func walk(_ buffer: UnsafeRawBufferPointer, _ limits: Limits, _ body: (Piece) -> Void) throws(XMLProblem) {
        let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let reader = xmlReaderForMemory(start, Int32(buffer.count), nil, nil, options) else {
            throw XMLProblem("there is not enough memory to read the document")
        }
        defer { xmlFreeTextReader(reader) }
        xmlResetLastError()
        var pieces = 0
        var result = xmlTextReaderRead(reader)
        while result == 1 {
            pieces += 1
            guard pieces <= limits.maximumPieces else { throw XMLProblem("the document has more than \(limits.maximumPieces) pieces") }
            guard Int(xmlTextReaderDepth(reader)) <= limits.maximumDepth else {
                throw XMLProblem("elements are nested deeper than \(limits.maximumDepth)")
            }
            try handOut(reader, &pieces, body)
            result = xmlTextReaderRead(reader)
        }
        guard result == 0 else { throw XMLProblem(lastError()) }
    }

    private static func handOut(_ reader: xmlTextReaderPtr, _ pieces: inout Int, _ body: (Piece) -> Void) throws(XMLProblem) {
        switch xmlTextReaderNodeType(reader) {
        case Int32(XML_READER_TYPE_ELEMENT.rawValue):
            let isEmpty = xmlTextReaderIsEmptyElement(reader) == 1
            let name = text(xmlTextReaderConstLocalName(reader))
            let attributes = attributes(reader)
            pieces += attributes.count
            body(.start(name: name, attributes: attributes))
            if isEmpty { body(.end) }
        case Int32(XML_READER_TYPE_END_ELEMENT.rawValue): body(.end)
        case Int32(XML_READER_TYPE_TEXT.rawValue), Int32(XML_READER_TYPE_CDATA.rawValue):
            body(.text(text(xmlTextReaderConstValue(reader))))
        case Int32(XML_READER_TYPE_DOCUMENT_TYPE.rawValue):
            // libxml2 has read the declarations, but nothing that uses them: the content comes after.
            guard let node = xmlTextReaderCurrentNode(reader), node.pointee.children == nil else {
                throw XMLProblem("the document type declares something of its own, which is not taken")
            }
        case Int32(XML_READER_TYPE_ENTITY_REFERENCE.rawValue): throw XMLProblem("the document uses an entity that is not of XML itself")
        default: break
        }
    }

    private static func attributes(_ reader: xmlTextReaderPtr) -> [Attribute] {
        var attributes: [Attribute] = []
        while xmlTextReaderMoveToNextAttribute(reader) == 1 {
            attributes.append(Attribute(name: text(xmlTextReaderConstLocalName(reader)), value: text(xmlTextReaderConstValue(reader))))
        }
        _ = xmlTextReaderMoveToElement(reader)
        return attributes
    }

    private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

    private static func lastError() -> String {
        guard let error = xmlGetLastError() else { return "the document is no XML" }
        let message = error.pointee.message.map { String(cString: $0) } ?? "unknown"
        return "the document is no XML: line \(error.pointee.line): \(message.split(whereSeparator: \.isNewline).joined(separator: " "))"
    }
}

/// Why a document is not taken.
public struct XMLProblem: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
