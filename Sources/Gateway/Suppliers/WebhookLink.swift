import GatewayCore
import Glibc
import Outbound
import Threading

/// Signed webhooks: CloudEvents 1.0 in JSON, signed as Standard Webhooks says.
final class WebhookLink: SupplierLink {
    private let channel: OutboxChannel
    private let settings: SupplierSettings
    private let source: String
    private let signature: WebhookSignature?
    private let client: WebhookClient

    /// Throws when a file of it cannot be read. `place` is where it stands in the configuration.
    init(_ settings: SupplierSettings, channel: OutboxChannel, secretFile: String?, source: String, place: String) throws {
        self.channel = channel
        self.settings = settings
        self.source = source
        signature = try secretFile.map { try SupplierFiles.signature($0, key: "\(place).secretFile") }
        try SupplierFiles.check(caFile: settings.caFile, place: place)
        client = try WebhookClient(configuration: WebhookClient.Configuration(caFile: settings.caFile))
    }

    func cancel() { client.cancel() }

    private func type(_ job: DeliveryJob) -> String {
        guard channel == .order else { return "steward.ticket.opened" }
        if job.key.hasPrefix("ca-") { return "steward.order.cancelled" }
        return job.key.hasPrefix("sh-") ? "steward.shipment.requested" : "steward.order.requested"
    }

    func deliver(_ job: DeliveryJob) -> LinkOutcome {
        let body: [UInt8]
        var headers: [(name: String, value: String)] = [("content-type", CloudEvent.contentType)]
        do {
            body = try CloudEvent(
                id: job.key, source: source, type: type(job), subject: job.device, timeMilliseconds: job.createdMilliseconds, data: job.body
            ).encoded()
            if let signature {
                headers += try signature.headers(id: job.key, timestampSeconds: Clock.wallMilliseconds() / 1000, payload: body)
            }
        } catch {
            return .refused(reason: "\(error)")
        }
        let request = WebhookRequest(url: settings.url, headers: headers, body: body, timeoutSeconds: settings.timeoutSeconds)
        return outcome(client.send(request), job)
    }

    private func outcome(_ result: WebhookResult, _ job: DeliveryJob) -> LinkOutcome {
        let isCancellation = job.key.hasPrefix("ca-")
        if channel == .order, case .response(let response) = result {
            // A receiver that does not know the order has nothing to cancel.
            if isCancellation, response.status == 404 || response.status == 410 { return .delivered() }
            let answer = JSONAnswer.events(response.body, job, source: source)
            let isEcho =
                job.mayHaveBeenTaken
                && settings.duplicateAnswers?.contains { $0.fits((response.status, String(decoding: response.body, as: UTF8.self))) }
                    == true
            let isDuplicate = response.status == 409 || isEcho || (answer.isDuplicate && (200..<300).contains(response.status))
            if isDuplicate, !isCancellation { return .duplicate(source: answer.source, then: answer.events) }
            if (200..<300).contains(response.status) { return .delivered(isCancellation ? [] : answer.events) }
        }
        return LinkOutcome(result, gone: "the receiver answered 410: it wants no more deliveries at \(settings.url)")
    }
}

/// The files that a supplier's entry names. They are checked at start, so that a mistake is reported then.
enum SupplierFiles {
    /// - Parameter key: where the file is named in the configuration.
    static func signature(_ file: String, key: String) throws -> WebhookSignature {
        do { return try WebhookSignature(secrets: [try FileProblem.secret(file, key: key)]) } catch let error as WebhookSignature.Failure {
            throw ConfigurationError("\(key) \(file): \(error)")
        }
    }

    /// libcurl would report a missing file only at the first delivery.
    static func check(caFile: String?, place: String) throws {
        if let caFile, access(caFile, R_OK) != 0 {
            throw ConfigurationError("\(place).caFile: \(caFile) cannot be read (\(FileProblem.reason(caFile)))")
        }
    }
}
