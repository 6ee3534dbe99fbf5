import GatewayCore
import Hashing
import Outbound
import Replenishment
import Telemetry

/// Orders by e-mail. The order counts as sent when the mail server has accepted it; people report what follows.
final class MailLink: SupplierLink {
    private let mail: SupplierSettings.Mail
    private let client: MailClient
    private let site: String

    init(_ settings: SupplierSettings, _ mail: SupplierSettings.Mail, site: String) throws {
        let place = "suppliers[\(settings.name)]"
        self.mail = mail
        self.site = site
        try SupplierFiles.check(caFile: settings.caFile, place: place)
        var configuration = MailClient.Configuration(url: settings.url)
        configuration.username = mail.username
        configuration.password = try mail.passwordFile.map { try FileProblem.secret($0, key: "\(place).passwordFile") }
        configuration.requiresTLS = mail.requiresTLS
        configuration.caFile = settings.caFile
        configuration.timeoutSeconds = settings.timeoutSeconds
        client = try MailClient(configuration: configuration)
    }

    func cancel() { client.cancel() }

    func deliver(_ job: DeliveryJob) -> LinkOutcome {
        do {
            let order = try job.order()
            let message = OrderMail.message(order, mail.envelope, site: site, attempt: job.attempt)
            switch client.send(from: mail.envelope.from, to: mail.envelope.to, message: message) {
            case .sent: return .delivered()
            case .retry(let reason): return .retry(reason: reason)
            case .refused(let reason): return .refused(reason: reason)
            }
        } catch {
            return .refused(reason: error.description)
        }
    }
}

/// Orders as CSV files in a folder that another program empties.
final class DropFolderLink: SupplierLink {
    private let folder: DropFolder
    private let source: String

    init(_ settings: SupplierSettings, directory: String, source: String) throws {
        folder = DropFolder(path: directory, owner: StableID.short(source))
        self.source = source
        if let problem = folder.problem {
            throw ConfigurationError("suppliers[\(settings.name)].directory: \(directory) cannot be written to (\(problem))")
        }
    }

    func cancel() {}

    func deliver(_ job: DeliveryJob) -> LinkOutcome {
        do {
            let order = try job.order()
            switch folder.write(OrderCSV.file(order, source: source), name: "\(job.key).csv") {
            case .written, .repeated: return .delivered()
            case .nameInUse: return order.isCancellation ? .delivered() : .duplicate(source: "another gateway")
            case .failed(let reason): return .retry(reason: "the folder takes no file: \(reason)")
            }
        } catch {
            return .refused(reason: error.description)
        }
    }
}
