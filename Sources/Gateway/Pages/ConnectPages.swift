import Hummingbird

/// What people see on their way through the connect flow. Each page says what happened and what to do.
enum ConnectPages {
    static let uidMalformed = Page(
        .badRequest, title: "This link is incomplete",
        body: "<p>A connect link ends in <code>?uid=</code> and your name in the application. Please use the link you were given.</p>")

    static let tooManyConnects = Page(
        .serviceUnavailable, title: "Please try again shortly",
        body: "<p>Very many people are connecting right now. Please open your link again in a few minutes.</p>")

    static let stateUnknown = Page(
        .badRequest, title: "This connect link is no longer valid",
        body: """
            <p>A connect attempt can be finished once and within ten minutes. Nothing was stored.
            Please open the link you were given again.</p>
            """)

    static let codeRefused = Page(
        .badRequest, title: "Strava did not confirm the connection",
        body: "<p>The confirmation had been used before or was too old. Nothing was stored. Please open the link you were given again.</p>")

    static let stravaUnavailable = Page(
        .badGateway, title: "Strava can't be reached",
        body: "<p>Strava did not answer as it should. Nothing was stored. Please open the link you were given again in a few minutes.</p>")

    static let athletesFull = Page(
        .serviceUnavailable, title: "No more athletes can connect",
        body: """
            <p>Strava limits how many athletes may connect to this application, and the limit is reached. Nothing was stored.
            The operator can ask Strava for more.</p>
            """)

    static let credentialsRefused = Page(
        .internalServerError, title: "This installation is not set up correctly",
        body: "<p>Strava refuses the application's credentials. Nothing was stored. Please tell the operator.</p>")

    static func denied(_ again: String?) -> Page {
        Page(
            title: "Not connected",
            body: """
                <p>You chose not to give access, so nothing was stored and nothing will be read from Strava.</p>
                \(retryLink(again, "Connect after all"))
                """)
    }

    static let refusedByStrava = Page(
        .badRequest, title: "Strava did not allow the connection",
        body: "<p>Nothing was stored. Please open the link you were given again, or tell the operator.</p>")

    static func scopeMissing(_ granted: GrantedScopes, again: String) -> Page {
        Page(
            .badRequest, title: "One permission is missing",
            body: """
                <p>Without the permission to view your activities there is nothing to load. Nothing was stored.</p>
                <p>Missing: \(list(granted.missing))</p>
                <p>On Strava's page, please leave “View data about your activities” ticked.</p>
                \(retryLink(again, "Try again"))
                """)
    }

    static func connected(_ granted: GrantedScopes, isNew: Bool, again: String) -> Page {
        let limits = granted.limits.map { "<li>\($0)</li>" as HTML }
        let limitation: HTML =
            limits.isEmpty
            ? ""
            : "<p>Not everything was ticked:</p><ul>\(HTML.joined(limits))</ul>\(retryLink(again, "Connect again with all permissions"))"
        return Page(
            title: isNew ? "Connected" : "Connected again",
            body: """
                <p>Your activities are being loaded now, the newest first. The first ones appear within minutes; a long history can
                take hours or days, since Strava limits how fast it may be read. New activities follow by themselves.</p>
                \(limitation)
                <p class="hint">You can take the permission back at any time: on Strava under Settings, My Apps. You may close this page.</p>
                """)
    }

    private static func list(_ scopes: [String]) -> HTML {
        .joined(scopes.map { "<code>\($0)</code> " })
    }

    private static func retryLink(_ address: String?, _ text: String) -> HTML {
        guard let address else { return "" }
        return "<p><a href=\"\(address)\">\(text)</a></p>"
    }
}
