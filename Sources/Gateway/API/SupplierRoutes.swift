import HTTPService

/// Reports that suppliers send on their own initiative. A signature, or a secret in the document, authenticates them in place of the token.
extension GatewayAPI {
    static let supplierRoutes: [Route] = [
        Route(method: .post, pattern: "/api/v1/suppliers/{name}/reports", access: .supplier) { api, request in
            guard let webhooks = api.webhooks else { throw nobody }
            return try webhooks.receive(request, api.core, api.mailbox)
        },
        Route(method: .post, pattern: "/api/v1/cxml", access: .supplier) { api, request in
            guard let cxml = api.cxml else { throw nobody }
            return cxml.receive(request, api.core, api.mailbox)
        },
    ]

    private static let nobody = Refusal(404, "Not found", "No supplier of the configuration may send anything here.")
}
