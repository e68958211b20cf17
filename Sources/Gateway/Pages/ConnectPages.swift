import Core
import Hummingbird

/// The pages of the connect flow. Each says what happened and what to do.
enum ConnectPages {
    static let uidMalformed = HTMLPage(
        .badRequest, title: "This link is incomplete",
        body: "<p>A connect link ends in <code>?uid=</code> and your name in the application. Please use the link you were given.</p>")

    static let tooManyConnects = HTMLPage(
        .serviceUnavailable, title: "Please try again shortly",
        body: "<p>Too many people are connecting right now. Please open your link again in a few minutes.</p>")

    static let tooManyConnectsOfClient = HTMLPage(
        .tooManyRequests, title: "Please try again shortly",
        body: "<p>Too many people are connecting from your network. Please open your link again in ten minutes.</p>")

    static let stateUnknown = HTMLPage(
        .badRequest, title: "This connect link is no longer valid",
        body: """
            <p>A link to Strava works once, for ten minutes. Nothing was stored. Please open the link you were given again.</p>
            """)

    static let browserUnknown = HTMLPage(
        .badRequest, title: "This connect attempt began in another browser",
        body: """
            <p>It must be finished in the same browser, so that nobody else can claim your Strava account. Nothing was stored.</p>
            <p>Please open the link you were given again, in this browser, with cookies allowed.</p>
            """)

    static let resultUnknown = HTMLPage(
        .badRequest, title: "This result is no longer available",
        body: """
            <p>The result of a connect is shown for ten minutes, in the browser in which it began. What was stored stays stored.</p>
            <p>If you are not sure whether you are connected, open the link you were given again: that does no harm.</p>
            """)

    static let underWay = HTMLPage(
        title: "Just a moment",
        body: "<p>Strava is confirming the connection. This page reloads by itself.</p>")

    static let refusedByStrava = HTMLPage(
        .badRequest, title: "Strava did not allow the connection",
        body: "<p>Nothing was stored. Please open the link you were given again, or tell the operator.</p>")

    /// The page for the outcome of a connect.
    ///
    /// - Parameter again: the link that begins another connect.
    static func page(_ outcome: ConnectOutcome, _ uid: UID, again: String) -> HTMLPage {
        switch outcome.result {
        case .connected, .connectedAgain: connected(outcome, uid, again: again)
        case .denied: denied(again)
        case .refusedByStrava: refusedByStrava
        case .scopeMissing: scopeMissing(outcome.granted, again: again)
        case .athleteTaken: athleteTaken(outcome, uid)
        case .uidTaken: uidTaken(outcome, uid, again: again)
        case .codeRefused, .stravaUnavailable, .athletesFull, .credentialsRefused, .interrupted: failed(outcome.result, again: again)
        }
    }

    // MARK: Connected

    private static func connected(_ outcome: ConnectOutcome, _ uid: UID, again: String) -> HTMLPage {
        let limits = outcome.granted.limits.map { "<li>\($0)</li>" as HTML }
        let limitation: HTML =
            limits.isEmpty
            ? ""
            : "<p>Some permissions were not ticked:</p><ul>\(HTML.joined(limits))</ul>\(link(again, "Connect again with all permissions"))"
        return HTMLPage(
            title: outcome.result == .connected ? "Connected" : "Connected again",
            body: """
                <p>The Strava account of <strong>\(person(outcome))</strong> is connected as <strong>\(uid.text)</strong>.</p>
                <p>Your activities are being loaded now, newest first. The first ones appear within minutes; a long history can take
                hours or days, since Strava limits how fast it may be read. New activities are added automatically.</p>
                \(limitation)
                <p class="hint">Not you? Revoke access and tell the operator. You can revoke access at any time in Strava, under
                Settings, My Apps. You may close this page.</p>
                """)
    }

    // MARK: Not connected

    private static func denied(_ again: String) -> HTMLPage {
        HTMLPage(
            title: "Not connected",
            body: """
                <p>You did not grant access. Nothing was stored, and nothing will be read from Strava.</p>
                \(link(again, "Connect"))
                """)
    }

    private static func scopeMissing(_ granted: GrantedScopes, again: String) -> HTMLPage {
        HTMLPage(
            .badRequest, title: "Permission needed",
            body: """
                <p>Without permission to view your activities, nothing can be loaded. Nothing was stored.</p>
                <p>Missing: \(HTML.joined(granted.missing.map { "<code>\($0)</code> " }))</p>
                <p>On Strava's page, please keep “View data about your activities” ticked.</p>
                \(link(again, "Try again"))
                """)
    }

    private static func athleteTaken(_ outcome: ConnectOutcome, _ uid: UID) -> HTMLPage {
        let line = "{\"uid\":\"\(uid.text)\",\"athlete_id\":\(outcome.athlete?.description ?? "…")}"
        return HTMLPage(
            .conflict, title: "This Strava account is connected under another name",
            body: """
                <p>The Strava account of <strong>\(person(outcome))</strong> is connected here already, but not as
                <strong>\(uid.text)</strong>. Nothing was changed.</p>
                <p>If you meant another account, log out of Strava and open your link again.</p>
                <p>If the account should become <strong>\(uid.text)</strong>, ask the operator, who can move it:
                <code>fitnessctl athletes import</code> with the line <code>\(line)</code></p>
                """)
    }

    /// Tells nothing about the other account: the person who sees this page is not its owner.
    private static func uidTaken(_ outcome: ConnectOutcome, _ uid: UID, again: String) -> HTMLPage {
        HTMLPage(
            .conflict, title: "This name has another Strava account",
            body: """
                <p><strong>\(uid.text)</strong> is connected here already, with a Strava account other than that of
                <strong>\(person(outcome))</strong>. Nothing was changed.</p>
                <p>If you meant the other account, log out of Strava first. \(inline(again, "Open your link again"))</p>
                <p>If <strong>\(uid.text)</strong> should have this account instead, ask the operator to give the other one a name of its own:
                <code>fitnessctl athletes import</code> with the line <code>{"uid":"…","athlete_id":…}</code>. Then open your link
                again.</p>
                """)
    }

    private static func failed(_ result: ConnectOutcome.Result, again: String) -> HTMLPage {
        switch result {
        case .codeRefused:
            HTMLPage(
                .badRequest, title: "Strava did not confirm the connection",
                body: "<p>The confirmation was used already, or is too old. Nothing was stored.</p>\(link(again, "Try again"))")
        case .athletesFull:
            HTMLPage(
                .serviceUnavailable, title: "No more athletes can connect",
                body: """
                    <p>Strava limits how many athletes may connect to this application, and the limit is reached. Nothing was stored.
                    The operator can ask Strava for more.</p>
                    """)
        case .credentialsRefused:
            HTMLPage(
                .internalServerError, title: "This installation is not set up correctly",
                body: "<p>Strava refuses the application's credentials. Nothing was stored. Please tell the operator.</p>")
        case .interrupted:
            HTMLPage(
                .serviceUnavailable, title: "The connection was interrupted",
                body: "<p>It may not have been stored. Connecting again does no harm.</p>\(link(again, "Connect again"))")
        default:
            HTMLPage(
                .badGateway, title: "Strava can't be reached",
                body: """
                    <p>Strava did not answer as expected. Nothing was stored. Please try again in a few minutes.</p>
                    \(link(again, "Try again"))
                    """)
        }
    }

    // MARK: Pieces

    /// The athlete's name at Strava, or their number there.
    private static func person(_ outcome: ConnectOutcome) -> String {
        outcome.name ?? outcome.athlete.map { "athlete \($0)" } ?? "an athlete"
    }

    private static func link(_ address: String, _ text: String) -> HTML { "<p><a class=\"button\" href=\"\(address)\">\(text)</a></p>" }
    private static func inline(_ address: String, _ text: String) -> HTML { "<a href=\"\(address)\">\(text)</a>" }
}
