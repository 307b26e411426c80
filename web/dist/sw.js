// src/worker/sw.ts
var e = "boxoffice-08ee96d20fe1", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CA_1zsee.js,/assets/About-CEFsrKhq.css,/assets/Account-BJFmSsml.js,/assets/Account-Jr7eZc8w.css,/assets/Booking-Cqq9nLnU.css,/assets/Booking-DkvDJEge.js,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-Ul3-EvaG.js,/assets/Choice-BE79j0uB.css,/assets/Choice-y2JWpuvs.js,/assets/Login-DX9joGtx.js,/assets/Login-Dg4IcK7D.css,/assets/Movie-BKw7pEna.js,/assets/Movie-Dq-rJboM.css,/assets/Proof-3iMEo0QP.css,/assets/Proof-Ddfz2LkW.js,/assets/Search-BKY0Kage.css,/assets/Search-Ct9NIEL7.js,/assets/Show-B-5pmiym.js,/assets/Show-UjTpJyYd.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-DYYARxhh.js,/assets/Theater-BbgglV7q.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-Cgsg1oKk.js,/assets/Ticket-DPfWNGxW.css,/assets/Tickets-BMEYO4xt.js,/assets/Tickets-DadJP-FX.css,/assets/Top-B8mMWR70.js,/assets/Top-CXg0UPdd.css,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-qNGLE8po.js,/assets/ar-CT03tJJx.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/disclose-version-xihTtKlq.js,/assets/hi-CY80yb1y.js,/assets/i18n.svelte-BPVumvX0.js,/assets/index-5MGFzb3U.js,/assets/index-Co7oDaKU.css,/assets/later-CQDEi3CV.js,/assets/later-DCH2Imve.css,/assets/money-C3ZWpvNw.js,/assets/names-DJ4O44N6.js,/assets/push.svelte-enzOHHdv.js,/assets/router.svelte-Ctdx5jSE.js,/assets/shows-DDdHNvED.js,/assets/story-E_ZK5RcY.js".split(","),
			"/manifest.webmanifest",
			"/icon.svg"
		]);
		let t = await fetch(new Request("/", { cache: "reload" }));
		if (!t.ok) throw Error("the page answered " + t.status);
		await e.put("/", t);
	}));
}), self.addEventListener("activate", (t) => {
	t.waitUntil(caches.keys().then(async (t) => {
		for (let n of t) n.startsWith("boxoffice-") && n !== e && await caches.delete(n);
		await self.clients.claim();
	}));
}), self.addEventListener("message", (e) => {
	e.data === "update" && self.skipWaiting();
}), self.addEventListener("fetch", (e) => {
	let { request: n } = e, a = new URL(n.url);
	n.method !== "GET" || a.origin !== self.location.origin || t.test(a.pathname) || (n.mode === "navigate" ? e.respondWith(r(a) ? i(n) : o(n)) : a.pathname.startsWith("/assets/") && e.respondWith(s(n)));
});
function n(e) {
	return caches.match(e, { ignoreVary: !0 });
}
function r(e) {
	return e.pathname === "/b" || e.searchParams.has("key");
}
async function i(e) {
	try {
		let t = await fetch(e);
		if (t.status < 502) return t;
	} catch {}
	return await n("/") ?? Response.error();
}
var a = 3e3;
async function o(e) {
	let t = await n("/");
	if (!t) return fetch(e);
	let r = fetch(e).then((e) => e.status >= 502 ? t : e, () => t);
	return Promise.race([r, new Promise((e) => setTimeout(() => e(t), a))]);
}
async function s(t) {
	let r = await n(t.url);
	if (r) return r;
	let i = await fetch(t);
	if (i.ok && i.status === 200) {
		let n = i.clone();
		caches.open(e).then((e) => e.put(t, n));
	}
	return i;
}
self.addEventListener("push", (e) => {
	let t = {};
	try {
		t = e.data?.json() ?? {};
	} catch {}
	let { title: n = "Boxoffice", body: r, navigate: i = "/tickets", lang: a, dir: o = "auto", tag: s, icon: c = "/icon-192.png" } = t.notification ?? {}, l = {
		icon: c,
		badge: "/badge-96.png",
		dir: o,
		data: { navigate: i }
	};
	r && (l.body = r), a && (l.lang = a), s && (l.tag = s), e.waitUntil(self.registration.showNotification(n, l));
}), self.addEventListener("notificationclick", (e) => {
	e.notification.close();
	let t = new URL(e.notification.data.navigate, self.location.origin);
	e.waitUntil(c(t));
});
async function c(e) {
	if (e.origin !== self.location.origin) return;
	let t = await self.clients.matchAll({ type: "window" });
	for (let n of t) if (!/^\/(shows|checkout|pay|bookings)\//.test(new URL(n.url).pathname)) try {
		await (await n.focus()).navigate(e.href);
		return;
	} catch {}
	await self.clients.openWindow(e.href);
}
