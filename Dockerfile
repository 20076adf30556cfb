# Second Look for several users; docs/deployment.md states how to run it behind a proxy.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt requirements-login.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r /requirements.txt -r /requirements-login.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app \
    && mkdir /runs /models /data && chown app /runs /models
COPY --from=packages /venv /venv
COPY app.py LICENSE /app/
COPY .streamlit /app/.streamlit
COPY assets /app/assets
COPY fracture_core /app/fracture_core
COPY pages /app/pages
COPY --chown=app models /models
WORKDIR /app
# The root is read-only when the container is run as documented: what changes is in /runs, /models and /tmp (in memory).
ENV PATH=/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib \
    MALLOC_PERTURB_=165 GLIBC_TUNABLES=glibc.malloc.tcache_count=0 PYTHONMALLOC=malloc \
    SECOND_LOOK_RUNS=/runs SECOND_LOOK_MODELS=/models SECOND_LOOK_DATA_ROOTS=/data
VOLUME /runs /models /data
USER app
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# It refuses to start without a login, unless SECOND_LOOK_ALLOW_ANONYMOUS=1 is set.
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.headless", "true"]
