// A poll is the one request of htmx that no event of the visitor starts.
const isPoll = (event) => event.detail.requestConfig.triggeringEvent === undefined;

// Refresh by polling only while somebody looks at the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPoll(event) && document.hidden) {
    event.preventDefault();
  }
});

// What fails is shown as the page that it would have been; a poll that fails is repeated anyway.
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    if (!isPoll(event)) {
      window.location.assign(event.detail.pathInfo.finalRequestPath);
    }
  });
}

// A menu closes on Escape and on a click outside of it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
});
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
