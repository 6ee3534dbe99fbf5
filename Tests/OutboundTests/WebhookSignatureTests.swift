import Foundation
import Testing

@testable import Outbound

@Suite struct WebhookSignatureTests {
    // The vector that the reference libraries of Standard Webhooks publish.
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let seconds: Int64 = 1_614_265_330
    private static let payload = Array("{\"test\": 2432232314}".utf8)
    private static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func verdict(
        _ signature: String = Self.signature, id: String = Self.id, timestamp: String = "1614265330", payload: [UInt8] = Self.payload,
        now: Int64 = Self.seconds, secrets: [String] = [Self.secret]
    ) throws -> WebhookSignature.Verdict {
        try WebhookSignature(secrets: secrets).verify(id: id, timestamp: timestamp, signature: signature, payload: payload, nowSeconds: now)
    }

    @Test func signsThePublishedVector() throws {
        let signer = try WebhookSignature(secrets: [Self.secret])
        #expect(try signer.sign(id: Self.id, timestampSeconds: Self.seconds, payload: Self.payload) == Self.signature)
        let headers = try signer.headers(id: Self.id, timestampSeconds: Self.seconds, payload: Self.payload)
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers.map(\.value) == [Self.id, "1614265330", Self.signature])
    }

    @Test func givesASignatureForEachSecretDuringRotation() throws {
        let other = try WebhookSignature.makeSecret()
        let both = try WebhookSignature(secrets: [other, Self.secret + "\n"]).sign(
            id: Self.id, timestampSeconds: Self.seconds, payload: Self.payload)
        #expect(both.hasSuffix(" " + Self.signature) && both.split(separator: " ").count == 2)
        #expect(try verdict(both, secrets: [other]) == .genuine)
        #expect(try verdict(both) == .genuine)
        #expect(try verdict(both, secrets: [WebhookSignature.makeSecret()]) == .forged)
    }

    @Test func refusesWhatWasChanged() throws {
        #expect(try verdict() == .genuine)
        #expect(try verdict("v1a,x v2,abc \(Self.signature)") == .genuine)
        #expect(try verdict(payload: Self.payload + [0x20]) == .forged)
        #expect(try verdict(id: "msg_other") == .forged)
        #expect(try verdict(timestamp: "1614265331") == .forged)
        for signature in ["", "v1,", "v1", "v2" + Self.signature.dropFirst(2), String(Self.signature.dropLast()), "v1,AAAA", "v1,%%%%"] {
            #expect(try verdict(signature) == .forged, "\(signature)")
        }
    }

    @Test func refusesOldAndFutureMessages() throws {
        #expect(try verdict(now: Self.seconds + 300) == .genuine)
        #expect(try verdict(now: Self.seconds + 301) == .outsideTolerance)
        #expect(try verdict(now: Self.seconds - 300) == .genuine)
        #expect(try verdict(now: Self.seconds - 301) == .outsideTolerance)
        #expect(try verdict(now: .min) == .outsideTolerance)
    }

    @Test func refusesIdentifiersThatMakeTheContentAmbiguous() throws {
        let signer = try WebhookSignature(secrets: [Self.secret])
        for id in ["", "a.b", "a b", "a\n", "ä"] {
            #expect(throws: WebhookSignature.Failure.invalidIdentifier) { try signer.sign(id: id, timestampSeconds: 1, payload: []) }
            #expect(try verdict(id: id) == .forged)
        }
    }

    @Test func refusesBadSecretsWithoutShowingThem() throws {
        for (secret, failure) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", WebhookSignature.Failure.missingPrefix),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", .notBase64),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", .notBase64), ("whsec_", .tooShort(bytes: 0)),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=", .tooShort(bytes: 23)),
        ] {
            #expect(throws: failure) { try WebhookSignature(secrets: [secret]) }
            #expect(!failure.description.contains("MfKQ"))
        }
        #expect(throws: WebhookSignature.Failure.noSecret) { try WebhookSignature(secrets: []) }
        let signer = try WebhookSignature(secrets: [Self.secret])
        #expect("\(signer)" == "WebhookSignature(1 secrets)" && String(reflecting: signer) == "\(signer)")
    }

    @Test func base64AgreesWithFoundation() throws {
        let seed = UInt64.random(in: 1 ... .max)
        var state = seed
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 40)
            }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString(), "seed \(seed)")
            #expect(Base64.decode(text) == bytes, "seed \(seed)")
        }
        // Not what an encoder writes: bits left over, padding in the middle, too much of it, blanks.
        for text in ["QQ=", "QR==", "QQ==QQ==", "Q===", "====", "QUI", "QUJ=", "Q QA", "QUJD\n"] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }

    @Test func digestsAgreeWithPublishedVectors() throws {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
        // FIPS 180-4 examples, and RFC 4231 test case 2.
        #expect(hex(try Digests.sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(try Digests.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex(try Digests.hmacSHA256(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            Digests.areEqual([], []) && Digests.areEqual([1, 2], [1, 2]) && !Digests.areEqual([1, 2], [1, 3])
                && !Digests.areEqual([1], [1, 2]))
    }
}
