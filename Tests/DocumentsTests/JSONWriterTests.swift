import Documents
import Testing

@Suite struct JSONWriterTests {
    @Test func writesPlainJSON() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a\"\\\n\u{1}\u{7F}é", Int64.min)
        writer.member("x", 0.1)
        writer.member("w", 1e16)
        writer.member("z", -0.0)
        writer.member("n", Double.nan)
        writer.member("gone", nil as String?)
        writer.key("l")
        writer.beginArray()
        writer.bool(true)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.endArray()
        writer.endObject()
        #expect(
            writer.text
                == "{\"a\\\"\\\\\\n\\u0001\\u007fé\":-9223372036854775808,\"x\":0.1,\"w\":1e+16,\"z\":0,\"n\":null,\"l\":[true,{},null]}")
    }

    @Test func byteReaderMeetsDamageWithAnError() throws {
        var writer = ByteWriter()
        writer.write(UInt32(7))
        writer.write("text")
        writer.write(1.5)
        writer.write(true)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.integer(UInt32.self) == 7)
        #expect(try reader.text() == "text")
        #expect(try reader.double() == 1.5)
        #expect(try reader.bool())
        #expect(reader.isAtEnd)
        for cut in 0..<writer.bytes.count {
            var short = ByteReader(Array(writer.bytes[..<cut]))
            #expect(throws: ByteCodingError.self) {
                _ = try short.integer(UInt32.self)
                _ = try short.text()
                _ = try short.double()
                _ = try short.bool()
            }
        }
        var huge = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
        #expect(throws: ByteCodingError.self) { try huge.blob() }
    }
}
