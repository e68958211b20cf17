import Core
import Foundation
import Hummingbird
import Vault

/// Who runs this installation, as its pages say it.
public struct InstallationOperator: Sendable, Equatable {
    /// Nil: only the address of the installation is known.
    public let name: String?
    /// Where the operator says what becomes of the data; nil: nowhere.
    public let privacyURL: String?

    public init(name: String? = nil, privacyURL: String? = nil) {
        self.name = name
        self.privacyURL = privacyURL
    }
}

/// The pages of the connect flow. Each says what happened and what to do; `ConnectResultPages.swift` has those for how a connect ended.
struct ConnectPages: Sendable {
    /// Where the buttons of a page send their decision.
    struct Form: Sendable {
        let action: String
        let token: String
        /// Where the browser may be sent by it.
        let targets: [String]
    }

    let who: InstallationOperator
    /// The public address's host.
    let host: String

    // MARK: The link

    /// What a link is for, and the button that leads to Strava.
    func start(_ link: ConnectLink, _ form: Form) -> HTMLPage {
        let read = GrantedScopes.inPlainWords.map { "<li><strong>\($0.name)</strong><span>\($0.what)</span></li>" as HTML }
        return HTMLPage(
            title: "Connect your Strava account",
            body: """
                <p class="lead"><strong>\(operatorName)</strong> would like to read your Strava data. Your account will be connected here
                as <strong>\(link.uid.text)</strong>.</p>
                <h2>What is read</h2>
                <ul class="reads">\(HTML.joined(read))</ul>
                <p>On Strava's page you can untick parts of it. Nothing is changed or posted at Strava.</p>
                <p>The data is copied to \(host) and kept up to date until you revoke access in Strava, under Settings, My Apps. \(privacy)</p>
                \(button(form, "Connect with Strava", kind: "button strava"))
                <p class="hint">You log in at Strava: your password is never seen here. This link works once, until
                \(Self.time(link.expiresAt)). Are you not <strong>\(link.uid.text)</strong>? Then don't go on, and tell \(operatorInText).</p>
                """, formTargets: form.targets)
    }

    var linkInvalid: HTMLPage {
        HTMLPage(
            .badRequest, title: "This link is not valid", mark: .notice,
            body: """
                <p>It may have been cut off when it was copied, or changed on the way. Please open the whole link that you were sent.</p>
                <p>If it still does not work, ask \(operatorInText) for a new one.</p>
                """)
    }

    func linkExpired(_ link: ConnectLink) -> HTMLPage {
        HTMLPage(
            .gone, title: "This link has expired", mark: .notice,
            body: """
                <p>It was valid until \(Self.time(link.expiresAt)).</p>
                <p>Please ask \(operatorInText) for a new one.</p>
                """)
    }

    var linkUsed: HTMLPage {
        HTMLPage(
            .gone, title: "This link was used already", mark: .notice,
            body: """
                <p>A Strava account was connected with it. A link works once.</p>
                <p>If that was you, there is nothing left to do. If it was not, or if you want to connect again, tell \(operatorInText), who
                can send you a new one.</p>
                """)
    }

    /// - Parameter again: the page of the link; nil: the person was on another page.
    func formStale(again: String?) -> HTMLPage {
        let way: HTML =
            again.map { "<p>Please go on from here, with cookies allowed.</p>\(Self.link($0, "Begin again"))" }
            ?? "<p>Please open the link that you were sent again, with cookies allowed.</p>"
        return HTMLPage(
            .badRequest, title: "This page is out of date", mark: .notice,
            body: "<p>It was opened too long ago, or in another browser. Nothing was changed.</p>\(way)")
    }

    var tooManyConnects: HTMLPage {
        HTMLPage(
            .serviceUnavailable, title: "Please try again shortly", mark: .notice,
            body: "<p>Too many people are connecting right now. Please open your link again in a few minutes.</p>")
    }

    var tooManyConnectsOfClient: HTMLPage {
        HTMLPage(
            .tooManyRequests, title: "Please try again shortly", mark: .notice,
            body: "<p>Too many people are connecting from your network. Please open your link again in ten minutes.</p>")
    }

    // MARK: Back from Strava

    var stateUnknown: HTMLPage {
        HTMLPage(
            .badRequest, title: "This connect attempt is no longer valid", mark: .notice,
            body: """
                <p>It has to be finished within ten minutes, and only once. Nothing was stored. Please open the link that you were sent
                again.</p>
                """)
    }

    var browserUnknown: HTMLPage {
        HTMLPage(
            .badRequest, title: "This connect attempt began in another browser", mark: .notice,
            body: """
                <p>It must be finished in the same browser, so that nobody else can claim your Strava account. Nothing was stored.</p>
                <p>Please open the link that you were sent again, in this browser, with cookies allowed.</p>
                """)
    }

    var resultUnknown: HTMLPage {
        HTMLPage(
            .badRequest, title: "This result is no longer available", mark: .notice,
            body: """
                <p>The result of a connect is shown for ten minutes, in the browser in which it began. What was stored stays stored.</p>
                <p>If you are not sure whether you are connected, open the link that you were sent again: that does no harm.</p>
                """)
    }

    var underWay: HTMLPage {
        HTMLPage(
            title: "Just a moment", body: "<p>Strava is confirming the connection. This page reloads by itself.</p>")
    }

    var refusedByStrava: HTMLPage {
        HTMLPage(
            .badRequest, title: "Strava did not allow the connection", mark: .notice,
            body: "<p>Nothing was stored. Please open the link that you were sent again, or tell \(operatorInText).</p>")
    }

    // MARK: Pieces

    private var operatorName: String { who.name ?? "The operator of \(host)" }
    /// The same within a sentence.
    var operatorInText: String { who.name ?? "the operator of \(host)" }

    private var privacy: HTML {
        guard let address = who.privacyURL else { return "Ask \(operatorInText) what it is used for." }
        return "<a href=\"\(address)\" rel=\"noopener\">Privacy: how your data is used</a>"
    }

    /// A form with one button.
    func button(_ form: Form, _ text: String, decision: String? = nil, kind: String = "button") -> HTML {
        buttons(form, [(text, decision, kind)])
    }

    func buttons(_ form: Form, _ all: [(text: String, decision: String?, kind: String)]) -> HTML {
        let buttons = all.map { button -> HTML in
            let value: HTML = button.decision.map { " name=\"decision\" value=\"\($0)\"" } ?? ""
            return "<button class=\"\(button.kind)\"\(value)>\(button.text)</button>"
        }
        return """
            <form method="post" action="\(form.action)"><input type="hidden" name="token" value="\(form.token)">
            \(HTML.joined(buttons))</form>
            """
    }

    static func link(_ address: String, _ text: String) -> HTML { "<p><a class=\"button\" href=\"\(address)\">\(text)</a></p>" }

    /// `5 Dec 2026, 14:32 UTC`.
    private static func time(_ instant: Date) -> String {
        let style = Date.VerbatimFormatStyle(
            format:
                "\(day: .defaultDigits) \(month: .abbreviated) \(year: .defaultDigits), \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits) UTC",
            locale: Locale(identifier: "en_GB"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        return style.format(instant)
    }
}
