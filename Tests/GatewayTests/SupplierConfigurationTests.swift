import Documents
import GatewayCore
import Replenishment
import Testing

@testable import Gateway

@Suite struct SupplierConfigurationTests {
    private func read(_ text: String) throws -> GatewayConfiguration { try ConfigurationReader.read(Array(text.utf8), file: "test.json") }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch let error as DocumentProblems {
            return error.diagnostics.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func theShortFormIsTheLastSupplier() throws {
        let configuration = try read(
            "{ gateway: { id: 'g' }, orders: { url: 'http://x/', giveUpAfterHours: 2 }, suppliers: [{ name: 'a', url: 'http://y/', items: 'TN-*', consolidateHours: 3, consolidateBy: 'device' }] }"
        )
        #expect(configuration.suppliers.map(\.name) == ["a", "orders"])
        #expect(configuration.suppliers[1].giveUpAfterMilliseconds == 7_200_000)
        let policy = configuration.core.replenishment
        #expect(policy.defaultSite == "g" && policy.suppliers[0].consolidationMilliseconds == 10_800_000)
        #expect(policy.suppliers[0].consolidationScope == .device)
        #expect(policy.supplier(item: "TN-1", profile: "p", site: "g")?.name == "a")
        #expect(policy.supplier(item: "X", profile: "p", site: "g")?.name == "orders")
    }

    @Test func theRules() throws {
        let policy = try read(
            "{ replenishment: { dryRun: true, currency: 'CHF', prices: { 'TN-247': 79.9, '*': 5 }, sites: { hall: ['h-*', 'x'] }, approval: { always: false, aboveAmount: 10, monthlyPerDevice: 20.5, monthlyPerSite: 30 }, deadlineHours: { sent: 0, accepted: 0.5 }, statusTopic: 'o/{order}', endedPercent: 2 } }"
        ).core.replenishment
        #expect(policy.isDryRun && policy.currency == "CHF" && policy.endedPercent == 2)
        #expect(policy.priceHundredths(ofItem: "TN-247") == 7990 && policy.priceHundredths(ofItem: "y") == 500)
        #expect(policy.site(ofDevice: "h-1") == "hall" && policy.site(ofDevice: "z") == "steward")
        #expect(policy.approval.monthlyDeviceHundredths == 2050 && policy.approval.aboveHundredths == 1000)
        #expect(policy.deadlines.limits[.sent] == nil && policy.deadlines.limits[.accepted] == 1_800_000)
        #expect(policy.statusTopic?.subscription == "o/+")
    }

    @Test func whatIsKeptInStock() throws {
        let policy = try read("{ replenishment: { stock: { 'TN-1': { reorderPoint: 2, orderUpTo: 5 }, b: { reorderPoint: 0 } } } }")
            .core.replenishment
        #expect(policy.stockRules == ["TN-1": StockRule(reorderPoint: 2, orderUpTo: 5), "b": StockRule(reorderPoint: 0, orderUpTo: 1)])
    }

    @Test func answersThatTellOfADuplicate() throws {
        #expect(try read("{ suppliers: [{ name: 'a', url: 'http://x/' }] }").suppliers[0].duplicateAnswers == nil)
        let usual = SupplierSettings.DuplicateAnswer.usual
        for text in ["PO number has already been processed.", "Order already exists", "DUPLICATE document"] {
            #expect(usual.contains { $0.fits((500, text)) } && usual.contains { $0.fits((400, text)) })
            #expect(!usual.contains { $0.fits((200, text)) })
        }
        #expect(!usual.contains { $0.fits((500, "Internal error: the last order is processed")) })
        let own =
            try read(
                "{ suppliers: [{ name: 'a', url: 'http://x/', duplicateAnswers: [{ status: 500, text: '*Known here' }, { text: 'A-*' }] }] }"
            ).suppliers[0].duplicateAnswers ?? []
        #expect(own.map { $0.fits((500, "It is KNOWN HERE")) } == [true, false])
        #expect(own.map { $0.fits((501, "known here")) } == [false, false])
        #expect(own.map { $0.fits((418, "a-7")) } == [false, true])
    }

    @Test(arguments: [
        ("{ suppliers: [{ name: 'a', url: 'http://x/', duplicateAnswers: [{ status: 500 }] }] }", "text"),
        ("{ suppliers: [{ name: 'a', url: 'http://x/', duplicateAnswers: [{ status: 5, text: '*' }] }] }", "100"),
        ("{ suppliers: [{ url: 'http://x/' }] }", "name"),
        ("{ suppliers: [{ name: 'a', url: 'http://x/' }, { name: 'a', url: 'http://x/' }] }", "each supplier has its own"),
        ("{ orders: { url: 'http://x/' }, suppliers: [{ name: 'orders', url: 'http://x/' }] }", "each supplier has its own"),
        ("{ suppliers: [{ name: 'a', kind: 'mail', url: 'smtp://x', from: 'a@b', to: [] }] }", "addresses"),
        ("{ suppliers: [{ name: 'a', kind: 'mail', url: 'smtp://x', from: 'a@b', to: 'c@d', username: 'u' }] }", "belong together"),
        ("{ suppliers: [{ name: 'a', kind: 'cxml', url: 'ftp://x', secretFile: 's' }] }", "begins with"),
        ("{ suppliers: [{ name: 'a', kind: 'csv', directory: 'd', url: 'http://x' }] }", "url"),
        ("{ replenishment: { prices: { a: -1 } } }", "amount"), ("{ replenishment: { prices: { a: 'x' } } }", "a number"),
        ("{ replenishment: { currency: 'euro' } }", "capital"), ("{ replenishment: { statusTopic: 'a/+/b' } }", "{order}"),
        ("{ replenishment: { deadlineHours: { sent: -1 } } }", "hours"), ("{ replenishment: { deadlineHours: { snet: 1 } } }", "sent"),
        ("{ replenishment: { stock: { a: { orderUpTo: 3 } } } }", "reorderPoint"),
        ("{ replenishment: { stock: { a: { reorderPoint: 3, orderUpTo: 3 } } } }", "above"),
        ("{ replenishment: { stock: { a: { reorderPoint: -1 } } } }", "whole number"),
        ("{ replenishment: { stock: { a: 3 } } }", "as an object"), ("{ replenishment: { stock: { a: { minimum: 3 } } } }", "minimum"),
        ("{ replenishment: { approval: { above: 1 } } }", "aboveAmount"), ("{ replenishment: { endedPercent: 90 } }", "0 to 20"),
    ]) func mistakes(_ text: String, _ word: String) {
        let found = problems(text)
        #expect(!found.isEmpty && found.contains { $0.contains(word) }, "\(found)")
    }
}
