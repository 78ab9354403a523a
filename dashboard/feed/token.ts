// The operator's bearer token, where the service asks for one. Kept for this tab only.

const key = "dbaas-token";

export const authorization = (): Readonly<Record<string, string>> => {
  const token = sessionStorage.getItem(key);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
};

export const keepToken = (token: string): void => sessionStorage.setItem(key, token);
