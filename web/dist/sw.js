// src/worker/sw.ts
var e = "boxoffice-e58d28fb9af7", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-DTxaiT_v.js,/assets/Account-B_r5buEo.js,/assets/Account-RoWJYOzX.css,/assets/Booking-Cqq9nLnU.css,/assets/Booking-g-C7roS_.js,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-CxACawBS.js,/assets/Choice-BE79j0uB.css,/assets/Choice-QZRQ4z4M.js,/assets/Login-Cui6wjAh.js,/assets/Login-Dg4IcK7D.css,/assets/Movie-BHvlsduk.js,/assets/Movie-Dq-rJboM.css,/assets/Proof-3iMEo0QP.css,/assets/Proof-UOSzYCdt.js,/assets/Search-BKY0Kage.css,/assets/Search-Dvo6pf_f.js,/assets/Show-DIJFYNbc.js,/assets/Show-UjTpJyYd.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-CF1rcJGY.js,/assets/Theater-CyvF7xjK.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-DPfWNGxW.css,/assets/Ticket-DtuOM2sy.js,/assets/Tickets-DTq94PZt.js,/assets/Tickets-DadJP-FX.css,/assets/Top-CXg0UPdd.css,/assets/Top-Do-d2Mfx.js,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-DTP8Q2CK.js,/assets/ar-CT03tJJx.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/disclose-version-xihTtKlq.js,/assets/hi-CY80yb1y.js,/assets/i18n.svelte-CZjVfgE9.js,/assets/index-Co7oDaKU.css,/assets/index-DVYGQiDF.js,/assets/later-DCH2Imve.css,/assets/later-sausu-i5.js,/assets/money-DyYSIQLp.js,/assets/names-DLkB_X2d.js,/assets/push.svelte-Baq8NAej.js,/assets/router.svelte-B_bz0vk9.js,/assets/shows-BVqgqWiJ.js,/assets/story-OxdOsjIf.js".split(","),
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
